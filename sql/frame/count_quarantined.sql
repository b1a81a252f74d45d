-- Write how many rows of each extract are in quarantine. Parameters: round_id.
UPDATE frame.extract AS e
SET quarantined_count = (SELECT count(*) FROM identity.quarantined_row AS q
                         WHERE q.round_id = e.round_id AND q.municipality_code = e.municipality_code)
WHERE e.round_id = :round_id
