-- The name of a municipality that takes part. One row and one column, or none. Parameters: round_id, municipality_code.
SELECT municipality_name
FROM rounds.municipality
WHERE round_id = :round_id AND municipality_code = :municipality_code
