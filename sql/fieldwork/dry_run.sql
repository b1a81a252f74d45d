-- What the approver sees. One row, or none. Parameters: round_id.
SELECT content_hash, counts FROM fieldwork.dry_run WHERE round_id = :round_id
