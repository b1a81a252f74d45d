-- Let a municipality take part, unless it does already. One row. Parameters: round_id, code, name.
INSERT INTO rounds.municipality (round_id, municipality_code, municipality_name)
VALUES (:round_id, :code, :name)
ON CONFLICT DO NOTHING
