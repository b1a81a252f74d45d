-- Who was sampled, for the sandbox's citizens to know themselves. One row per person. Parameters: round_id.
SELECT person_id, municipality_code FROM sampling.sample WHERE round_id = :round_id ORDER BY person_id
