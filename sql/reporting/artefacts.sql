-- The reports that have been drawn. One row per report. Parameters: round_id, kind.
SELECT municipality_code, file_name, file_sha256, page_count
FROM reporting.artefact
WHERE round_id = :round_id AND kind = :kind
ORDER BY municipality_code
