-- What the alerts need. One row. Parameters: round_id, today, now.
SELECT extract(epoch FROM CAST(:now AS timestamptz) - min(coalesce(in_doubt_since, sent_at)) FILTER (
           WHERE state = 'unknown' OR (in_doubt_since IS NOT NULL AND state IN ('claimed', 'sending')))) / 60
           AS oldest_doubt_minutes,
       max(sent_at) AS last_sent_at,
       count(*) FILTER (WHERE state = 'planned' AND due_date <= :today) AS due
FROM fieldwork.message WHERE round_id = :round_id
