-- Forget a round's row errors before they are written again. Parameters: round_id.
DELETE FROM frame.row_error WHERE round_id = :round_id
