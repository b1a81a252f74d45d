-- Let a person decide what became of a message in doubt. Parameters: message_id, state, now, reason.
UPDATE fieldwork.message
SET state = :state, reason = :reason, lease_until = NULL,
    accepted_at = CASE WHEN :state = 'accepted' THEN CAST(:now AS timestamptz) ELSE accepted_at END,
    final_at = CASE WHEN :state = 'failed' THEN CAST(:now AS timestamptz) ELSE final_at END
WHERE message_id = :message_id AND state = 'unknown'
RETURNING round_id, person_id
