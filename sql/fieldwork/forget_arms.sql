-- Take away the arms of a round that is not approved. Parameters: round_id.
DELETE FROM fieldwork.arm WHERE round_id = :round_id
