-- Move messages forward by the staged receipts. The first final word stands; an interim one settles a doubt; a receipt
-- for a message that the database believes unsent proves that it was sent. Parameters: now.
UPDATE fieldwork.message m
SET state = v.status, reason = v.reason, channel = coalesce(m.channel, v.channel),
    sent_at = coalesce(m.sent_at, v.occurred_at),
    final_at = CASE WHEN v.status = 'accepted' THEN NULL ELSE CAST(:now AS timestamptz) END,
    accepted_at = coalesce(m.accepted_at, v.occurred_at), lease_until = NULL
FROM (
    SELECT DISTINCT ON (message_id) message_id, status, reason, channel, occurred_at
    FROM staged_receipt
    ORDER BY message_id, (status = 'accepted'), occurred_at, receipt_id
) AS v
WHERE m.message_id = v.message_id
  AND ((v.status IN ('delivered', 'failed')
        AND m.state IN ('planned', 'claimed', 'sending', 'accepted', 'unknown', 'rejected', 'no_receipt'))
       OR (v.status = 'accepted' AND m.state IN ('planned', 'claimed', 'sending', 'unknown')))
