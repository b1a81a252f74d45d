-- Keep what the approver sees, instead of what was there. Parameters: round_id, content_hash, counts.
INSERT INTO fieldwork.dry_run (round_id, content_hash, counts)
VALUES (:round_id, :content_hash, CAST(:counts AS jsonb))
ON CONFLICT (round_id) DO UPDATE SET content_hash = excluded.content_hash, counts = excluded.counts
