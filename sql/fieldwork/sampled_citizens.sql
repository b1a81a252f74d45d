-- The sealed identity of every sampled person, for the dry run. One row per person. Each is looked up by key, as in
-- cancel_due.sql (OFFSET 0 keeps it so). Parameters: round_id.
SELECT s.person_id, s.municipality_code, p.target_group, c.name, c.mobile, c.address, c.is_address_protected
FROM sampling.sample s
CROSS JOIN LATERAL (SELECT p.target_group FROM frame.person p
                    WHERE p.round_id = s.round_id AND p.person_id = s.person_id OFFSET 0) AS p
CROSS JOIN LATERAL (SELECT c.name, c.mobile, c.address, c.is_address_protected FROM identity.citizen c
                    WHERE c.round_id = s.round_id AND c.person_id = s.person_id OFFSET 0) AS c
WHERE s.round_id = :round_id
ORDER BY s.municipality_code, s.person_id
