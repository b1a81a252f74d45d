-- Record an approval of exactly this content, once. Parameters: round_id, content_hash, opened_by, approved_by,
-- approved_at.
INSERT INTO rounds.approval (round_id, content_hash, opened_by, approved_by, approved_at)
VALUES (:round_id, :content_hash, :opened_by, :approved_by, :approved_at)
ON CONFLICT (round_id, content_hash) DO NOTHING
