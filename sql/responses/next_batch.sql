-- The number of the next batch of a round. One row. Parameters: round_id.
SELECT coalesce(max(batch_number), 0) + 1 FROM responses.batch WHERE round_id = :round_id
