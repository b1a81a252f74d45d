-- How many have answered in each reminder arm. One row per municipality and arm. Parameters: round_id.
SELECT s.municipality_code, a.arm, count(*) AS people, count(*) FILTER (WHERE f.state = 'completed') AS answered
FROM fieldwork.arm a
JOIN sampling.sample s USING (round_id, person_id)
JOIN link.access l USING (round_id, person_id)
JOIN answers.form f USING (response_id)
WHERE a.round_id = :round_id
GROUP BY s.municipality_code, a.arm
ORDER BY s.municipality_code, a.arm
