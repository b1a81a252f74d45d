-- Destroy the codes that staff have issued in a round. Parameters: round_id.
DELETE FROM link.staff_code c USING answers.form f WHERE f.round_id = :round_id AND c.response_id = f.response_id
