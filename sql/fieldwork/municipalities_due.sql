-- Municipalities with messages due now in approved rounds, left behind by a dispatch that died, or in doubt where they
-- may be sent again. One row per round and municipality. Parameters: today, resend_channels, sent_after.
SELECT r.round_id, u.municipality_code, u.municipality_name
FROM rounds.round r JOIN rounds.municipality u USING (round_id)
WHERE r.state = 'approved' AND :today <= r.close_date
  AND (EXISTS (SELECT FROM fieldwork.message m
               WHERE m.round_id = r.round_id AND m.municipality_code = u.municipality_code AND m.state = 'planned'
                 AND m.due_date <= :today)
       OR EXISTS (SELECT FROM fieldwork.message m
                  WHERE m.round_id = r.round_id AND m.municipality_code = u.municipality_code
                    AND m.state IN ('claimed', 'sending', 'rejected') AND m.lease_until < clock_timestamp())
       OR EXISTS (SELECT FROM fieldwork.message m
                  WHERE m.round_id = r.round_id AND m.municipality_code = u.municipality_code AND m.state = 'unknown'
                    AND m.channel = ANY(CAST(:resend_channels AS text[]))
                    AND coalesce(m.in_doubt_since, m.sent_at) > :sent_after))
ORDER BY r.round_id, u.municipality_code
