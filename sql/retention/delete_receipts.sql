-- Destroy the receipts of a round's messages. Parameters: round_id.
DELETE FROM fieldwork.receipt r USING fieldwork.message m WHERE m.round_id = :round_id AND r.message_id = m.message_id
