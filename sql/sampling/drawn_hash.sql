-- The sample that has been drawn. One row, or none. Parameters: round_id.
SELECT sample_hash FROM sampling.draw WHERE round_id = :round_id
