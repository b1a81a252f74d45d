-- What a municipality says on its report's first page. One row, or none. Parameters: round_id, municipality_code.
SELECT greeting, logo FROM reporting.municipality_greeting
WHERE round_id = :round_id AND municipality_code = :municipality_code
