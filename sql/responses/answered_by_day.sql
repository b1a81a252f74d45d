-- When the answers that count came. One row per municipality, target group and day. Parameters: round_id.
SELECT municipality_code, target_group, coalesce(submitted_date, started_date) AS answered_date,
       CAST(count(*) AS integer) AS answered_n
  FROM responses.response
 WHERE round_id = :round_id AND completeness <> 'none' AND NOT is_quarantined
 GROUP BY municipality_code, target_group, answered_date
 ORDER BY municipality_code, target_group, answered_date
