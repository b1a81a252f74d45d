-- The weights behind a municipality's figures. One row. Parameters: round_id, municipality_code.
SELECT count(*) AS answers, count(DISTINCT w.cell_id) AS cells, min(w.weight) AS lightest, avg(w.weight) AS mean_weight,
       max(w.weight) AS heaviest
FROM weighting.weight w JOIN responses.response r USING (round_id, response_id)
WHERE w.round_id = :round_id AND :municipality_code IN (r.municipality_code, 'alle')
