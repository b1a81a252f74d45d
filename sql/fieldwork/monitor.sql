-- How far the messages are; of a round that is forgotten, how far they came. One row per municipality, wave and channel
-- (NULL while none is chosen). Parameters: round_id.
SELECT m.municipality_code, r.municipality_name, m.wave, m.slot, m.channel, count(*) AS planned,
       count(m.sent_at) AS sent,
       count(*) FILTER (WHERE m.state IN ('accepted', 'delivered', 'no_receipt')
                        OR (m.state = 'failed' AND m.accepted_at IS NOT NULL)) AS accepted,
       count(*) FILTER (WHERE m.state = 'delivered') AS delivered,
       count(*) FILTER (WHERE m.state = 'failed') AS failed,
       count(*) FILTER (WHERE m.state = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE m.state IN ('unknown', 'sending')
                        OR (m.state = 'claimed' AND m.in_doubt_since IS NOT NULL)) AS unknown,
       count(*) FILTER (WHERE m.state = 'no_receipt') AS no_receipt,
       count(*) FILTER (WHERE m.state IN ('planned', 'claimed') AND m.in_doubt_since IS NULL) AS waiting,
       count(*) FILTER (WHERE m.state IN ('accepted', 'rejected')) AS awaiting_receipt
FROM fieldwork.message m JOIN rounds.municipality r USING (round_id, municipality_code)
WHERE m.round_id = :round_id
GROUP BY m.municipality_code, r.municipality_name, m.wave, m.slot, m.channel
UNION ALL
SELECT c.municipality_code, r.municipality_name, c.wave, c.slot, c.channel, c.planned, c.sent, c.accepted, c.delivered,
       c.failed, c.cancelled, c.unknown, c.no_receipt, c.waiting, c.awaiting_receipt
FROM fieldwork.message_count c JOIN rounds.municipality r USING (round_id, municipality_code)
WHERE c.round_id = :round_id
ORDER BY municipality_code, wave, slot, channel
