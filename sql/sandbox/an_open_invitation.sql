-- Somebody invited whose form can still be opened to look at. One row, or none. Parameters: round_id.
SELECT person_id FROM link.access JOIN answers.form USING (round_id, response_id)
WHERE round_id = :round_id AND form.state = 'completed' ORDER BY person_id LIMIT 1
