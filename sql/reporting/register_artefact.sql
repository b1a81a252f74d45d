-- Register a drawn artefact; drawn again it takes the place of the old one. One row.
-- Parameters: round_id, municipality_code, kind, file_name, file_sha256, byte_count, page_count, snapshot_id, figures_hash.
INSERT INTO reporting.artefact (round_id, municipality_code, kind, file_name, file_sha256, byte_count, page_count,
                                snapshot_id, figures_hash)
VALUES (:round_id, :municipality_code, :kind, :file_name, :file_sha256, :byte_count, :page_count, :snapshot_id,
        :figures_hash)
ON CONFLICT (round_id, municipality_code, kind) DO UPDATE
SET file_name = excluded.file_name, file_sha256 = excluded.file_sha256, byte_count = excluded.byte_count,
    page_count = excluded.page_count, snapshot_id = excluded.snapshot_id, figures_hash = excluded.figures_hash
