-- Add the courses just read that are not there yet; the others keep what was decided about them.
INSERT INTO frame.spell
SELECT * FROM read_spell
ON CONFLICT (round_id, municipality_code, row_number) DO NOTHING
