-- Destroy a round's reminder arms. Parameters: round_id.
DELETE FROM fieldwork.arm WHERE round_id = :round_id
