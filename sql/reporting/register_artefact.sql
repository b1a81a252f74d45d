-- Register a drawn report; drawn again it takes the place of the old one. One row.
-- Parameters: round_id, municipality_code, kind, file_name, file_sha256, page_count, snapshot_id.
INSERT INTO reporting.artefact (round_id, municipality_code, kind, file_name, file_sha256, page_count, snapshot_id)
VALUES (:round_id, :municipality_code, :kind, :file_name, :file_sha256, :page_count, :snapshot_id)
ON CONFLICT (round_id, municipality_code, kind) DO UPDATE
SET file_name = excluded.file_name, file_sha256 = excluded.file_sha256, page_count = excluded.page_count,
    snapshot_id = excluded.snapshot_id
