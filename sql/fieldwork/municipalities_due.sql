-- Municipalities with messages due now in approved rounds, or left behind by a dispatch that died. One row per round
-- and municipality. Parameters: today.
SELECT r.round_id, u.municipality_code, u.municipality_name
FROM rounds.round r JOIN rounds.municipality u USING (round_id)
WHERE r.state = 'approved' AND :today <= r.close_date
  AND (EXISTS (SELECT FROM fieldwork.message m
               WHERE m.round_id = r.round_id AND m.municipality_code = u.municipality_code AND m.state = 'planned'
                 AND m.due_date <= :today)
       OR EXISTS (SELECT FROM fieldwork.message m
                  WHERE m.round_id = r.round_id AND m.municipality_code = u.municipality_code
                    AND m.state IN ('claimed', 'sending', 'rejected') AND m.lease_until < clock_timestamp()))
ORDER BY r.round_id, u.municipality_code
