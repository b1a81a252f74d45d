-- What was published under a hash; the same bytes may be several versions. One row per version. Parameters: file_sha256.
SELECT artefact.round_id, artefact.municipality_code, kind, version, state, file_name, file_sha256,
       reason AS withdrawn_reason
FROM publication.artefact
LEFT JOIN publication.decision ON decision.decision_id = artefact.withdrawn_by
WHERE file_sha256 LIKE :file_sha256 || '%'
ORDER BY round_id, municipality_code, kind, version
