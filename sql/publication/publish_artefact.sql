-- Publish what is drawn as the next version of one kind. One row.
-- Parameters: round_id, municipality_code, kind, published_at, brought_by.
INSERT INTO publication.artefact (round_id, municipality_code, kind, version, file_name, file_sha256, snapshot_id,
                                  published_at, brought_by)
SELECT round_id, municipality_code, kind,
       1 + coalesce((SELECT max(version) FROM publication.artefact AS old
                     WHERE old.round_id = drawn.round_id AND old.municipality_code = drawn.municipality_code
                       AND old.kind = drawn.kind), 0),
       file_name, file_sha256, snapshot_id, :published_at, :brought_by
FROM reporting.artefact AS drawn
WHERE round_id = :round_id AND municipality_code = :municipality_code AND kind = :kind
