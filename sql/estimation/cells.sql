-- The weighting cells. One row per raw cell. Parameters: round_id.
SELECT municipality_code, sex, age_group, target_group, population_n, respondent_n, cell_id
FROM weighting.population_cell WHERE round_id = :round_id
