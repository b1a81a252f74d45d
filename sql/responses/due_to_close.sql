-- Rounds whose last day is over, or that were closed and not frozen. One row per round. Parameters: today.
SELECT r.round_id
  FROM rounds.round r
 WHERE (r.state = 'approved' AND r.close_date < :today)
    OR (r.state = 'closed' AND NOT EXISTS (SELECT FROM responses.snapshot s WHERE s.round_id = r.round_id))
 ORDER BY r.round_id
