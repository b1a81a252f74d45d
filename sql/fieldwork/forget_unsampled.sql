-- Take away messages that were planned for people a new draw has left out; never one that was ever claimed.
-- Parameters: round_id.
DELETE FROM fieldwork.message m
WHERE m.round_id = :round_id AND m.state = 'planned' AND m.attempt = 0
  AND NOT EXISTS (SELECT FROM sampling.sample s WHERE s.round_id = m.round_id AND s.person_id = m.person_id)
