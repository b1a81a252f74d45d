-- Destroy a round's rows of answers.page_save. Parameters: round_id.
DELETE FROM answers.page_save t USING answers.form f WHERE f.round_id = :round_id AND t.response_id = f.response_id
