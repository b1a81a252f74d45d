-- Keep the monitor of a round whose messages go. Parameters: round_id.
INSERT INTO fieldwork.message_count (round_id, municipality_code, wave, slot, channel, planned, sent, accepted, delivered,
    failed, cancelled, unknown, no_receipt, waiting, awaiting_receipt)
SELECT m.round_id, m.municipality_code, m.wave, m.slot, m.channel, count(*), count(m.sent_at),
       count(*) FILTER (WHERE m.state IN ('accepted', 'delivered', 'no_receipt')
                        OR (m.state = 'failed' AND m.accepted_at IS NOT NULL)),
       count(*) FILTER (WHERE m.state = 'delivered'),
       count(*) FILTER (WHERE m.state = 'failed'),
       count(*) FILTER (WHERE m.state = 'cancelled'),
       count(*) FILTER (WHERE m.state IN ('unknown', 'sending')
                        OR (m.state = 'claimed' AND m.in_doubt_since IS NOT NULL)),
       count(*) FILTER (WHERE m.state = 'no_receipt'),
       count(*) FILTER (WHERE m.state IN ('planned', 'claimed') AND m.in_doubt_since IS NULL),
       count(*) FILTER (WHERE m.state IN ('accepted', 'rejected'))
FROM fieldwork.message m
WHERE m.round_id = :round_id
GROUP BY m.round_id, m.municipality_code, m.wave, m.slot, m.channel
ON CONFLICT DO NOTHING
