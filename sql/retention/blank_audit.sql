-- Take the person, and what was noted of them, out of what was done by hand. Parameters: round_id.
UPDATE fieldwork.audit SET person_id = NULL, note = '' WHERE round_id = :round_id AND person_id IS NOT NULL
