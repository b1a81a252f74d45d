-- Publish the round's reports; one that is published unchanged keeps its time. One row per report.
-- Parameters: round_id, published_at.
INSERT INTO publication.artefact (round_id, municipality_code, kind, file_name, file_sha256, published_at)
SELECT round_id, municipality_code, kind, file_name, file_sha256, :published_at
FROM reporting.artefact WHERE round_id = :round_id
ON CONFLICT (round_id, municipality_code, kind) DO UPDATE
SET file_name = excluded.file_name, file_sha256 = excluded.file_sha256, published_at = excluded.published_at
WHERE publication.artefact.file_sha256 <> excluded.file_sha256
