-- The round's codebook. One row and one column. Parameters: round_id.
SELECT codebook_version FROM rounds.round WHERE round_id = :round_id
