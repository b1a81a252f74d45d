-- Plan the staged messages that are not planned yet; what is there stays as it is.
INSERT INTO fieldwork.message (round_id, person_id, wave, slot, municipality_code, message_id, transaction_id, due_date)
SELECT round_id, person_id, wave, slot, municipality_code, message_id, transaction_id, due_date FROM staged_message
ORDER BY municipality_code, slot, wave, person_id
ON CONFLICT (round_id, person_id, wave, slot) DO NOTHING
