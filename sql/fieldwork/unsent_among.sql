-- Messages that the database believes unsent, among some, with the last attempt that surely did not reach a gateway.
-- One row per message. Parameters: message_ids.
SELECT message_id, unsent_attempt FROM fieldwork.message
WHERE message_id = ANY(CAST(:message_ids AS uuid[])) AND state IN ('planned', 'claimed')
ORDER BY message_id
