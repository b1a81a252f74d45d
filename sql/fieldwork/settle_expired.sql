-- Settle messages whose dispatch died, by the journal's word or as unknown. Parameters: now, message_ids, attempts,
-- states, reasons.
UPDATE fieldwork.message m
SET state = v.state, reason = v.reason,
    accepted_at = CASE WHEN v.state = 'accepted' THEN CAST(:now AS timestamptz) ELSE m.accepted_at END,
    channel = CASE WHEN v.state = 'planned' THEN NULL ELSE m.channel END,
    unsent_attempt = CASE WHEN v.state = 'planned' THEN m.attempt ELSE m.unsent_attempt END,
    sent_at = CASE WHEN v.state = 'planned' THEN NULL ELSE m.sent_at END,
    lease_until = NULL
FROM unnest(CAST(:message_ids AS uuid[]), CAST(:attempts AS int[]), CAST(:states AS text[]),
            CAST(:reasons AS text[])) AS v (message_id, attempt, state, reason)
WHERE m.message_id = v.message_id AND m.attempt = v.attempt AND m.state = 'sending'
  AND m.lease_until < clock_timestamp()
