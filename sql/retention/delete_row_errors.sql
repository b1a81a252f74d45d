-- Destroy a round's what was said of single rows. Parameters: round_id.
DELETE FROM frame.row_error WHERE round_id = :round_id
