-- The answers that count, with the domains of the report. One row per response. Parameters: round_id.
SELECT response_id, municipality_code, sex, age_group, target_group, status, duration_group,
       local_1, local_2, local_3
FROM responses.response
WHERE round_id = :round_id AND completeness IN ('complete', 'partial') AND NOT is_quarantined
ORDER BY response_id
