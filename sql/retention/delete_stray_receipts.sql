-- Destroy receipts for ids that no message has, when they are old. Parameters: before (a time).
DELETE FROM fieldwork.receipt r
WHERE r.occurred_at < :before AND NOT EXISTS (SELECT FROM fieldwork.message m WHERE m.message_id = r.message_id)
