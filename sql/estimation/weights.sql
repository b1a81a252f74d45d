-- Weights with their municipality. One row per answer that counts. Parameters: round_id.
SELECT r.municipality_code, w.weight
FROM weighting.weight w JOIN responses.response r USING (round_id, response_id)
WHERE round_id = :round_id
