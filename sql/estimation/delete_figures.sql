-- Take the round's figures away, to be replaced in the same transaction. Parameters: round_id.
DELETE FROM estimation.figure WHERE round_id = :round_id
