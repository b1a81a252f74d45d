-- Hold a round while its publication changes, so that two decisions come one after the other. One row, or none.
-- Parameters: round_id.
SELECT round_id FROM rounds.round WHERE round_id = :round_id FOR NO KEY UPDATE
