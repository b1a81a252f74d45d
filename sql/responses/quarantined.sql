-- The responses in quarantine, and why; never what was answered. One row per response. Parameters: round_id.
SELECT r.response_id, m.municipality_name, r.quarantine_reason
  FROM responses.response r
  JOIN rounds.municipality m USING (round_id, municipality_code)
 WHERE r.round_id = :round_id AND r.is_quarantined
 ORDER BY r.municipality_code, r.response_id
