-- Sampled people with what a form's routing needs. One row per person. Parameters: round_id.
SELECT s.person_id, s.municipality_code, p.target_group, p.subgroup
FROM sampling.sample s JOIN frame.person p USING (round_id, person_id)
WHERE s.round_id = :round_id
ORDER BY s.municipality_code, s.person_id
