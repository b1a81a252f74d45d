-- Let each answer's number be found by key, as in index_numbers.sql.
CREATE UNIQUE INDEX dealt_answer_number_idx ON dealt_answer_number (response_id)
