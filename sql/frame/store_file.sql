-- Keep a municipality's file, sealed; the same file keeps its day of destruction.
-- Parameters: round_id, municipality_code, file_sha256, content, destroy_after_date.
INSERT INTO identity.extract_file AS kept (round_id, municipality_code, file_sha256, content, destroy_after_date)
VALUES (:round_id, :municipality_code, :file_sha256, :content, :destroy_after_date)
ON CONFLICT (round_id, municipality_code) DO UPDATE
SET file_sha256 = excluded.file_sha256, content = excluded.content,
    destroy_after_date = CASE WHEN kept.file_sha256 = excluded.file_sha256 THEN kept.destroy_after_date
                              ELSE excluded.destroy_after_date END
WHERE kept.file_sha256 <> excluded.file_sha256 OR kept.content <> excluded.content
