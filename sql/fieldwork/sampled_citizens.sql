-- The sealed identity of every sampled person, for the dry run. One row per person. Parameters: round_id.
SELECT s.person_id, s.municipality_code, p.target_group, c.name, c.mobile, c.address, c.is_address_protected
FROM sampling.sample s
JOIN frame.person p USING (round_id, person_id)
JOIN identity.citizen c USING (round_id, person_id)
WHERE s.round_id = :round_id
ORDER BY s.municipality_code, s.person_id
