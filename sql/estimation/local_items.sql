-- The municipalities' own questions. One row per municipality that has any. Parameters: round_id.
SELECT municipality_code, definition FROM rounds.local_item WHERE round_id = :round_id ORDER BY municipality_code
