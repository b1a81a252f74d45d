-- What the days of a round follow from; it was not stopped where another plan has opened it since. One row per round.
-- Parameters: round_id (NULL for all).
SELECT r.round_id, r.name, r.state, r.close_date, r.forgotten_at,
       (SELECT max(a.happened_at) FROM fieldwork.audit a
        WHERE a.round_id = r.round_id AND a.action = 'stop' AND a.happened_at >= r.opened_at) AS stopped_at
FROM rounds.round r
WHERE r.round_id = coalesce(:round_id, r.round_id)
ORDER BY r.round_id
