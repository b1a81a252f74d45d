-- Let a quarantined response out, as it is now. Rows: 1 when it was in quarantine. Parameters: round_id, response_id,
-- released_by, reason.
INSERT INTO responses.release (round_id, response_id, revision, released_by, reason)
SELECT r.round_id, r.response_id, r.revision, :released_by, :reason
  FROM responses.response r
 WHERE r.round_id = :round_id AND r.response_id = CAST(:response_id AS uuid) AND r.is_quarantined
ON CONFLICT (round_id, response_id)
DO UPDATE SET revision = EXCLUDED.revision, released_by = EXCLUDED.released_by, reason = EXCLUDED.reason
