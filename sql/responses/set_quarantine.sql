-- Set who is in quarantine, and why; everyone else is out. Rows: responses that changed. Parameters: round_id, response_ids,
-- reasons (in the same order).
UPDATE responses.response r
   SET is_quarantined = wanted.reason IS NOT NULL, quarantine_reason = wanted.reason
  FROM responses.response known
  LEFT JOIN unnest(CAST(:response_ids AS uuid[]), CAST(:reasons AS text[])) AS wanted (response_id, reason)
    ON wanted.response_id = known.response_id
 WHERE known.round_id = :round_id
   AND r.round_id = known.round_id AND r.response_id = known.response_id
   AND (r.quarantine_reason IS DISTINCT FROM wanted.reason OR r.is_quarantined <> (wanted.reason IS NOT NULL))
