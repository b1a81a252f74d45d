-- How far a person's form is; never what was answered. One row, or none. Parameters: link_key, person_id.
SELECT state FROM answers.form WHERE response_id = link.response_id(CAST(:link_key AS bytea), :person_id)
