-- How far a person's form is; never what was answered. One row, or none. Parameters: round_id, person_id.
SELECT f.state FROM link.access a JOIN answers.form f USING (response_id)
WHERE a.round_id = :round_id AND a.person_id = :person_id
