-- Destroy a round's rows set aside from extracts, of one municipality or of all. Parameters: round_id, municipality_code (NULL for all).
DELETE FROM identity.quarantined_row
WHERE round_id = :round_id AND municipality_code = coalesce(:municipality_code, municipality_code)
