-- Take away the access of people a new draw has left out, who have no message. Parameters: round_id, link_key.
DELETE FROM link.access a
WHERE a.round_id = :round_id
  AND NOT EXISTS (SELECT FROM sampling.sample s
                  WHERE s.round_id = :round_id
                    AND link.response_id(CAST(:link_key AS bytea), s.person_id) = a.response_id)
  AND NOT EXISTS (SELECT FROM fieldwork.message m
                  WHERE m.round_id = :round_id
                    AND link.response_id(CAST(:link_key AS bytea), m.person_id) = a.response_id)
