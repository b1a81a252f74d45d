-- Persons in the population by raw weighting cell, every cell of every municipality with a person in it.
-- One row per municipality, sex, age group and target group. Parameters: round_id.
SELECT municipality_code, sex, age_group, target_group, count(*) AS "N"
FROM frame.person
WHERE round_id = :round_id
GROUP BY municipality_code, sex, age_group, target_group
