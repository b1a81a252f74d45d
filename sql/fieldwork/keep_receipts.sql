-- Keep each staged receipt once; one that no message has the id of is kept apart. One row per new receipt.
INSERT INTO fieldwork.receipt (receipt_id, message_id, status, reason, occurred_at, is_known)
SELECT DISTINCT ON (s.receipt_id) s.receipt_id, s.message_id, s.status, s.reason, s.occurred_at,
       EXISTS (SELECT FROM fieldwork.message m WHERE m.message_id = s.message_id)
FROM staged_receipt s
ORDER BY s.receipt_id
ON CONFLICT (receipt_id) DO NOTHING
RETURNING receipt_id, is_known
