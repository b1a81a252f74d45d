-- How many were sampled. One row. Parameters: round_id.
SELECT count(*) FROM sampling.sample WHERE round_id = :round_id
