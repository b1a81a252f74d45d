-- Take away the access of people a new draw has left out, who have no message. Parameters: round_id.
DELETE FROM link.access a
WHERE a.round_id = :round_id
  AND NOT EXISTS (SELECT FROM sampling.sample s WHERE s.round_id = a.round_id AND s.person_id = a.person_id)
  AND NOT EXISTS (SELECT FROM fieldwork.message m WHERE m.round_id = a.round_id AND m.person_id = a.person_id)
