-- The dates, state and codebook version that a frame is built by. One row, or none. Parameters: round_id.
SELECT state, forgotten_at, reference_start_date, reference_end_date, key_date, codebook_version
FROM rounds.round
WHERE round_id = :round_id
