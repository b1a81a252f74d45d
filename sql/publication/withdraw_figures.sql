-- Take the round's published figures away, to be replaced in the same transaction. Parameters: round_id.
DELETE FROM publication.figure WHERE round_id = :round_id
