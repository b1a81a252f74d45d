-- Plan the staged messages that are not planned yet. One that was never touched follows the plan; all others stay as they
-- are.
INSERT INTO fieldwork.message AS m
    (round_id, person_id, wave, slot, municipality_code, message_id, transaction_id, due_date)
SELECT round_id, person_id, wave, slot, municipality_code, message_id, transaction_id, due_date FROM staged_message
ORDER BY municipality_code, slot, wave, person_id
ON CONFLICT (round_id, person_id, wave, slot) DO UPDATE
SET municipality_code = excluded.municipality_code, due_date = excluded.due_date
WHERE m.state = 'planned' AND m.attempt = 0
  AND (m.municipality_code, m.due_date) <> (excluded.municipality_code, excluded.due_date)
