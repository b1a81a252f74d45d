-- What has been drawn. One row per municipality and kind. Parameters: round_id.
SELECT municipality_code, kind, file_name, file_sha256, page_count
FROM reporting.artefact
WHERE round_id = :round_id
ORDER BY municipality_code, kind
