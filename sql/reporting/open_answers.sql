-- The approved open answers of one municipality, as they may be printed, in the view's order. One row per text.
-- Parameters: round_id, municipality_code.
SELECT item_id, text
FROM responses.approved_open_answer
WHERE round_id = :round_id AND municipality_code = :municipality_code
ORDER BY item_id DESC, sha256(convert_to(text, 'UTF8'))
