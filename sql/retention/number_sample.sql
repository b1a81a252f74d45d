-- Put each sampled person's number in the place of the id, and of the outcome's with it. Parameters: round_id.
UPDATE sampling.sample s
SET person_id = (SELECT d.number FROM dealt_number d WHERE d.person_id = s.person_id)
WHERE s.round_id = :round_id AND NOT retention.is_number(s.person_id)
