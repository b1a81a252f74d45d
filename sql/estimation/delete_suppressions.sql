-- Take away why cells were withheld, to be replaced in the same transaction. Parameters: round_id.
DELETE FROM estimation.suppression WHERE round_id = :round_id
