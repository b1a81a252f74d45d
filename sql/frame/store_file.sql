-- Keep a municipality's file, sealed; the same file keeps its day of destruction.
-- Parameters: round_id, municipality_code, file_sha256, content, destroy_after_date.
INSERT INTO identity.extract_file (round_id, municipality_code, file_sha256, content, destroy_after_date)
VALUES (:round_id, :municipality_code, :file_sha256, :content, :destroy_after_date)
ON CONFLICT (round_id, municipality_code) DO UPDATE
SET file_sha256 = excluded.file_sha256, content = excluded.content, destroy_after_date = excluded.destroy_after_date
WHERE identity.extract_file.file_sha256 <> excluded.file_sha256
