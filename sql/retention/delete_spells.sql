-- Destroy a round's courses. Parameters: round_id.
DELETE FROM frame.spell WHERE round_id = :round_id
