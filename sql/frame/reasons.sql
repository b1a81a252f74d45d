-- Rows that give no person in the population. One row per municipality and reason. Parameters: round_id.
SELECT municipality_code, ineligibility_reason, count(*) AS row_count
FROM frame.spell
WHERE round_id = :round_id AND NOT is_eligible
GROUP BY municipality_code, ineligibility_reason
