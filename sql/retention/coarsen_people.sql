-- Write a round's population anew: under numbers and in their order, and only with what figures are made of. Parameters:
-- round_id.
WITH gone AS (
    DELETE FROM frame.person
    WHERE round_id = :round_id
      AND (NOT retention.is_number(person_id) OR age_years IS NOT NULL OR benefit_code IS NOT NULL
           OR spell_start_date IS NOT NULL OR spell_end_date IS NOT NULL OR language NOT IN ('da', 'andet')
           OR local_1 IS NOT NULL OR local_2 IS NOT NULL OR local_3 IS NOT NULL)
    RETURNING *
)
INSERT INTO frame.person (round_id, person_id, municipality_code, sex, age_group, subgroup, target_group, language, has_mobile)
SELECT g.round_id, coalesce((SELECT d.number FROM dealt_number d WHERE d.person_id = g.person_id), g.person_id),
       g.municipality_code, g.sex, g.age_group, g.subgroup, g.target_group,
       CASE WHEN coalesce(g.language, 'da') = 'da' THEN 'da' ELSE 'andet' END, g.has_mobile
FROM gone g
ORDER BY 2
