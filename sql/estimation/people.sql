-- The population with what became of everybody. One row per person. Parameters: round_id.
SELECT p.municipality_code, p.target_group, p.sex, p.age_group,
       s.person_id IS NOT NULL AS is_sampled,
       s.person_id IS NOT NULL AND coalesce(d.disposition, '') <> '3.18' AS is_reachable,
       coalesce(d.disposition = '1.1', false) AS is_complete,
       coalesce(d.disposition = '1.2', false) AS is_partial
FROM frame.person p
LEFT JOIN sampling.sample s USING (round_id, person_id)
LEFT JOIN responses.disposition d USING (round_id, person_id)
WHERE round_id = :round_id
