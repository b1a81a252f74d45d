-- Take the round's alarms away, to be replaced in the same transaction. Parameters: round_id.
DELETE FROM estimation.alarm WHERE round_id = :round_id
