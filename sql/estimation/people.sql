-- The population by what became of it. One row per kind of person. Parameters: round_id.
SELECT p.municipality_code, p.target_group, p.subgroup, p.sex, p.age_group,
       CASE WHEN coalesce(p.language, 'da') = 'da' THEN 'dansk' ELSE 'andet' END AS language,
       CASE WHEN p.has_mobile THEN 'ja' ELSE 'nej' END AS mobile,
       s.person_id IS NOT NULL AS is_sampled,
       s.person_id IS NOT NULL AND coalesce(d.disposition, '') <> '3.18' AS is_reachable,
       coalesce(d.disposition = '1.1', false) AS is_complete,
       coalesce(d.disposition = '1.2', false) AS is_partial,
       d.disposition,
       count(*) AS person_n
FROM frame.person p
LEFT JOIN sampling.sample s USING (round_id, person_id)
LEFT JOIN responses.disposition d USING (round_id, person_id)
WHERE round_id = :round_id
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
