-- End claimed messages that cannot or need not be sent. Parameters: owner, now, message_ids, states, reasons.
UPDATE fieldwork.message m
SET state = v.state, reason = v.reason, final_at = :now, lease_until = NULL
FROM unnest(CAST(:message_ids AS uuid[]), CAST(:states AS text[]), CAST(:reasons AS text[])) AS v (message_id, state, reason)
WHERE m.message_id = v.message_id AND m.state = 'claimed' AND m.lease_owner = :owner
