-- Messages in doubt. One row per message. Parameters: round_id.
SELECT message_id, municipality_code, wave, slot, channel, sent_at, reason FROM fieldwork.message
WHERE round_id = :round_id AND (state = 'unknown' OR (state = 'sending' AND lease_until < clock_timestamp())
                               OR (state = 'claimed' AND in_doubt_since IS NOT NULL))
ORDER BY municipality_code, sent_at, message_id
