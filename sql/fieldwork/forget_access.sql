-- Take away the access of people a new draw has left out, who have no message. Parameters: round_id, link_key.
DELETE FROM link.access
WHERE response_id IN (
    SELECT response_id FROM link.access WHERE round_id = :round_id
    EXCEPT
    SELECT link.response_id(CAST(:link_key AS bytea), person_id) FROM sampling.sample WHERE round_id = :round_id
    EXCEPT
    SELECT link.response_id(CAST(:link_key AS bytea), person_id) FROM fieldwork.message WHERE round_id = :round_id)
