-- The file that was read as a municipality's extract, by its hash. One row and one column, or none. Parameters: round_id,
-- municipality_code.
SELECT file_sha256 FROM frame.extract WHERE round_id = :round_id AND municipality_code = :municipality_code
