-- Write down who did what by hand. Parameters: round_id, happened_at, operator, action, person_id, note.
INSERT INTO fieldwork.audit (round_id, happened_at, operator, action, person_id, note)
VALUES (:round_id, :happened_at, :operator, :action, :person_id, :note)
