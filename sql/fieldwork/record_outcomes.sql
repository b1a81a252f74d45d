-- Record what became of messages that were sent. A receipt that came first stands. Parameters: owner, now,
-- message_ids, attempts, states, reasons, delays (seconds before a message that was not sent may be claimed again).
UPDATE fieldwork.message m
SET state = v.state, reason = v.reason,
    accepted_at = CASE WHEN v.state = 'accepted' THEN CAST(:now AS timestamptz) ELSE m.accepted_at END,
    channel = CASE WHEN v.state = 'planned' THEN NULL ELSE m.channel END,
    unsent_attempt = CASE WHEN v.state = 'planned' THEN m.attempt ELSE m.unsent_attempt END,
    sent_at = CASE WHEN v.state = 'planned' THEN NULL ELSE m.sent_at END,
    lease_until = CASE WHEN v.state = 'planned' THEN clock_timestamp() + make_interval(secs => v.delay) END,
    lease_owner = CASE WHEN v.state = 'planned' THEN NULL ELSE m.lease_owner END
FROM unnest(CAST(:message_ids AS uuid[]), CAST(:attempts AS int[]), CAST(:states AS text[]),
            CAST(:reasons AS text[]), CAST(:delays AS double precision[])) AS v (message_id, attempt, state, reason, delay)
WHERE m.message_id = v.message_id AND m.attempt = v.attempt AND m.lease_owner = :owner
  AND m.state IN ('sending', 'unknown')
