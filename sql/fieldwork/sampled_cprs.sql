-- The sealed CPR number of every sampled person. One row per person. Parameters: round_id.
SELECT s.person_id, c.cpr
FROM sampling.sample s
CROSS JOIN LATERAL (SELECT c.cpr FROM identity.citizen c
                    WHERE c.round_id = s.round_id AND c.person_id = s.person_id OFFSET 0) AS c
WHERE s.round_id = :round_id
