-- Messages that the database believes were never sent, among some: how often they were attempted, and the last attempt
-- that surely did not reach a gateway. One row per message. Parameters: message_ids.
SELECT message_id, attempt, unsent_attempt FROM fieldwork.message
WHERE message_id = ANY(CAST(:message_ids AS uuid[]))
  AND in_doubt_since IS NULL
  AND (state IN ('planned', 'claimed', 'cancelled') OR (state = 'failed' AND sent_at IS NULL))
ORDER BY message_id
