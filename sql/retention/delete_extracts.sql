-- Destroy a round's extracts, of one municipality or of all. Parameters: round_id, municipality_code (NULL for all).
DELETE FROM identity.extract_file
WHERE round_id = :round_id AND municipality_code = coalesce(:municipality_code, municipality_code)
