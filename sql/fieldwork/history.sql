-- One person's messages. One row per message. Parameters: round_id, person_id.
SELECT wave, slot, channel, state, reason, attempt, due_date, sent_at, accepted_at, final_at, message_id
FROM fieldwork.message WHERE round_id = :round_id AND person_id = :person_id ORDER BY wave, slot
