-- The frozen snapshot of a round. At most one row. Parameters: round_id.
SELECT snapshot_id, response_count, complete_count, partial_count, sampled_count FROM responses.snapshot
 WHERE round_id = :round_id
