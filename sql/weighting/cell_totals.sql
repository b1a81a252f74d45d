-- Weights and population by weighting cell. One row per cell with answers. Parameters: round_id.
SELECT p.cell_id, min(p.municipality_code) AS municipality_code, sum(p.population_n)::float8 AS population_n,
       coalesce(min(w.weight_sum), 0) AS weight_sum
FROM weighting.population_cell p
LEFT JOIN (SELECT cell_id, sum(weight) AS weight_sum FROM weighting.weight WHERE round_id = :round_id GROUP BY cell_id) w
    USING (cell_id)
WHERE p.round_id = :round_id AND p.cell_id IS NOT NULL
GROUP BY p.cell_id
ORDER BY p.cell_id
