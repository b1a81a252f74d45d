-- Destroy a round's messages. Parameters: round_id.
DELETE FROM fieldwork.message WHERE round_id = :round_id
