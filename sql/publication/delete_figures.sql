-- Take a municipality's published figures away, with its artefacts or to be replaced in the same transaction.
-- Parameters: round_id, municipality_code.
DELETE FROM publication.figure WHERE round_id = :round_id AND municipality_code = :municipality_code
