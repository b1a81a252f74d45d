-- How many have answered in each reminder arm. One row per municipality and arm. Each person is looked up by key, as in
-- cancel_due.sql (OFFSET 0 keeps it so). Parameters: round_id, link_key.
SELECT s.municipality_code, a.arm, count(*) AS people, count(*) FILTER (WHERE f.state = 'completed') AS answered
FROM fieldwork.arm a
CROSS JOIN LATERAL (SELECT s.municipality_code FROM sampling.sample s
                    WHERE s.round_id = a.round_id AND s.person_id = a.person_id OFFSET 0) AS s
CROSS JOIN LATERAL (SELECT f.state FROM answers.form f
                    WHERE f.response_id = link.response_id(CAST(:link_key AS bytea), a.person_id) OFFSET 0) AS f
WHERE a.round_id = :round_id
GROUP BY s.municipality_code, a.arm
ORDER BY s.municipality_code, a.arm
