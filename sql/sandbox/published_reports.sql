-- The PDF reports of a round. One row per municipality, and one for all. Parameters: round_id.
SELECT municipality_code, file_name FROM publication.artefact WHERE round_id = :round_id AND kind = 'pdf' AND state = 'current'
