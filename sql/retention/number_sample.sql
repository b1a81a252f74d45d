-- Put each sampled person's number in the place of the id, and of the outcome's with it. Parameters: round_id.
UPDATE sampling.sample s SET person_id = d.number
FROM dealt_number d
WHERE s.round_id = :round_id AND s.person_id = d.person_id
