-- Destroy answers that no figure is made of: with too little in them, in quarantine, or of a round that was never frozen.
-- Parameters: round_id.
DELETE FROM responses.response r
WHERE r.round_id = :round_id
  AND (r.completeness = 'none' OR r.is_quarantined
       OR NOT EXISTS (SELECT FROM responses.snapshot s WHERE s.round_id = r.round_id))
