-- The municipalities of a round. One row per municipality. Parameters: round_id.
SELECT municipality_code FROM rounds.municipality WHERE round_id = :round_id ORDER BY municipality_code
