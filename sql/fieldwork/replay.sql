-- Give messages the fate that the journal knows, where the database is older; one that was not sent after all stays
-- planned, with the journal's count of attempts. Parameters: message_ids, attempts, channels, states, sent_ats, reasons.
UPDATE fieldwork.message m
SET state = v.state, attempt = v.attempt, reason = v.reason, lease_until = NULL, lease_owner = 'replay', final_at = NULL,
    channel = CASE WHEN v.state = 'planned' THEN NULL ELSE v.channel END,
    sent_at = CASE WHEN v.state = 'planned' THEN NULL ELSE v.sent_at END,
    unsent_attempt = CASE WHEN v.state = 'planned' THEN v.attempt ELSE m.unsent_attempt END,
    accepted_at = CASE WHEN v.state = 'accepted' THEN v.sent_at END
FROM unnest(CAST(:message_ids AS uuid[]), CAST(:attempts AS int[]), CAST(:channels AS text[]), CAST(:states AS text[]),
            CAST(:sent_ats AS timestamptz[]), CAST(:reasons AS text[]))
     AS v (message_id, attempt, channel, state, sent_at, reason)
WHERE m.message_id = v.message_id AND m.in_doubt_since IS NULL
  AND (m.state IN ('planned', 'claimed', 'cancelled') OR (m.state = 'failed' AND m.sent_at IS NULL))
