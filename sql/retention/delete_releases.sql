-- Destroy a round's releases from quarantine. Parameters: round_id.
DELETE FROM responses.release WHERE round_id = :round_id
