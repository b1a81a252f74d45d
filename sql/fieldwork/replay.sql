-- Give messages the fate that the journal knows, where the database is older. Parameters: message_ids, attempts,
-- channels, states, sent_ats, reasons.
UPDATE fieldwork.message m
SET state = v.state, channel = v.channel, attempt = v.attempt, sent_at = v.sent_at, reason = v.reason,
    lease_until = NULL, lease_owner = 'replay',
    accepted_at = CASE WHEN v.state = 'accepted' THEN v.sent_at END
FROM unnest(CAST(:message_ids AS uuid[]), CAST(:attempts AS int[]), CAST(:channels AS text[]), CAST(:states AS text[]),
            CAST(:sent_ats AS timestamptz[]), CAST(:reasons AS text[]))
     AS v (message_id, attempt, channel, state, sent_at, reason)
WHERE m.message_id = v.message_id AND m.state IN ('planned', 'claimed')
