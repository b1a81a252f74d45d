-- Who takes part. One row per municipality. Parameters: round_id.
SELECT municipality_code, municipality_name FROM rounds.municipality WHERE round_id = :round_id
ORDER BY municipality_code
