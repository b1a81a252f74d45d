-- Freeze the answers of a round. Parameters: round_id, snapshot_id, response_count, complete_count, partial_count,
-- sampled_count.
INSERT INTO responses.snapshot (round_id, snapshot_id, response_count, complete_count, partial_count, sampled_count)
VALUES (:round_id, :snapshot_id, :response_count, :complete_count, :partial_count, :sampled_count)
