-- What is recorded of a municipality's extract, and the file itself, sealed; content is NULL where none is kept.
-- One row, or none. Parameters: round_id, municipality_code.
SELECT e.file_sha256, f.content
FROM frame.extract AS e
LEFT JOIN identity.extract_file AS f USING (round_id, municipality_code, file_sha256)
WHERE e.round_id = :round_id AND e.municipality_code = :municipality_code
