-- What the alerts need. One row. Parameters: round_id, today, now.
SELECT extract(epoch FROM CAST(:now AS timestamptz) - min(sent_at) FILTER (WHERE state = 'unknown')) / 60 AS oldest_doubt_minutes,
       max(sent_at) AS last_sent_at,
       count(*) FILTER (WHERE state = 'planned' AND due_date <= :today) AS due
FROM fieldwork.message WHERE round_id = :round_id
