-- Mark the current version of one kind as withdrawn. One row, or none.
-- Parameters: round_id, municipality_code, kind, decision_id.
UPDATE publication.artefact
SET state = 'withdrawn', withdrawn_by = :decision_id
WHERE round_id = :round_id AND municipality_code = :municipality_code AND kind = :kind AND state = 'current'
