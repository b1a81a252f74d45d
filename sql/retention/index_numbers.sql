-- Let each person's number be found by key: the planner knows nothing of a table just made.
CREATE UNIQUE INDEX dealt_number_idx ON dealt_number (person_id)
