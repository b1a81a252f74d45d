-- The receipts of one person's messages. One row per receipt. Parameters: round_id, person_id.
SELECT m.wave, m.slot, r.status, r.reason, r.occurred_at
FROM fieldwork.receipt r JOIN fieldwork.message m USING (message_id)
WHERE m.round_id = :round_id AND m.person_id = :person_id ORDER BY r.occurred_at, r.receipt_id
