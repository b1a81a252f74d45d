-- A municipality's own questions. One row, or none. Parameters: round_id, municipality_code.
SELECT definition FROM rounds.local_item WHERE round_id = :round_id AND municipality_code = :municipality_code
