-- What has been drawn. One row per report. Parameters: round_id.
SELECT municipality_code, kind, file_name, file_sha256 FROM reporting.artefact WHERE round_id = :round_id
ORDER BY municipality_code, kind
