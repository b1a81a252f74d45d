-- Keep a municipality's own questions while the round is not yet approved. Rows: 1 when kept. Parameters: round_id,
-- municipality_code, definition (JSON list of items).
INSERT INTO rounds.local_item (round_id, municipality_code, definition)
SELECT r.round_id, :municipality_code, CAST(:definition AS jsonb)
  FROM rounds.round r
 WHERE r.round_id = :round_id AND r.state = 'open'
ON CONFLICT (round_id, municipality_code) DO UPDATE SET definition = EXCLUDED.definition
