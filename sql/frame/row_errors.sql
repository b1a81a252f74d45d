-- What is wrong with the rows of a round's extracts, in Danish, never the value. One row per municipality, row, column
-- and expectation. Parameters: round_id, municipality_code (NULL for all).
SELECT m.municipality_name, e.row_number, e.column_name, e.message
FROM frame.row_error AS e
JOIN rounds.municipality AS m USING (round_id, municipality_code)
WHERE e.round_id = :round_id AND municipality_code = coalesce(:municipality_code, municipality_code)
ORDER BY municipality_code, e.row_number, e.column_name, e.expectation
