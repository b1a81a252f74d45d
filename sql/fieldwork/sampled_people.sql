-- Sampled people with what a form's routing needs. One row per person. Each is looked up by key, as in cancel_due.sql
-- (OFFSET 0 keeps it so). Parameters: round_id.
SELECT s.person_id, s.municipality_code, p.target_group, p.subgroup
FROM sampling.sample s
CROSS JOIN LATERAL (SELECT p.target_group, p.subgroup FROM frame.person p
                    WHERE p.round_id = s.round_id AND p.person_id = s.person_id OFFSET 0) AS p
WHERE s.round_id = :round_id
ORDER BY s.municipality_code, s.person_id
