-- Due messages that are still planned, and seconds until the first that was put off may be tried. One row.
-- Parameters: round_id, municipality_code, today.
SELECT count(*) AS held,
       count(*) FILTER (WHERE lease_until > clock_timestamp()) AS put_off,
       extract(epoch FROM min(lease_until) FILTER (WHERE lease_until > clock_timestamp()) - clock_timestamp()) AS wait_seconds
FROM fieldwork.message
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state = 'planned' AND due_date <= :today
