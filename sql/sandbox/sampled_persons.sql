-- Who was sampled, and as whom, for the sandbox's citizens to know themselves. One row per person. Parameters: round_id.
SELECT s.person_id, s.municipality_code, p.subgroup
FROM sampling.sample s JOIN frame.person p USING (round_id, person_id)
WHERE round_id = :round_id
ORDER BY s.person_id
