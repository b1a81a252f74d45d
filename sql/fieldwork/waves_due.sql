-- Waves with messages that are due today and not sent. One row per wave. Parameters: round_id, today.
SELECT DISTINCT m.wave
FROM fieldwork.message m JOIN rounds.round r USING (round_id)
WHERE m.round_id = :round_id AND m.state = 'planned' AND m.due_date <= :today AND r.state = 'approved'
  AND :today <= r.close_date
ORDER BY m.wave
