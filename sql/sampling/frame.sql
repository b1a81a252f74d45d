-- The frame with what sampling needs. One row per person. Parameters: round_id.
SELECT person_id, municipality_code AS municipality, sex, age_group, target_group
FROM frame.person
WHERE round_id = :round_id
ORDER BY person_id
