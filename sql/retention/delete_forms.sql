-- Destroy a round's forms. Parameters: round_id.
DELETE FROM answers.form WHERE round_id = :round_id
