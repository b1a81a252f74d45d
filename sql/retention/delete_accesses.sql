-- Destroy a round's links and codes. Parameters: round_id.
DELETE FROM link.access WHERE round_id = :round_id
