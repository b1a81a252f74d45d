-- Destroy a round's rows of answers.answer. Parameters: round_id.
DELETE FROM answers.answer t USING answers.form f WHERE f.round_id = :round_id AND t.response_id = f.response_id
