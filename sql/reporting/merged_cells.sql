-- The collapse log. One row per merged weighting cell of one municipality, or of all. Parameters: round_id,
-- municipality_code.
SELECT municipality_code, description, merged_n
FROM estimation.merged_cell
WHERE round_id = :round_id AND (municipality_code = :municipality_code OR :municipality_code = 'alle')
ORDER BY municipality_code, cell_number
