-- Take the round's rows away, to be replaced in the same transaction. Parameters: round_id.
DELETE FROM sampling.allocation WHERE round_id = :round_id
