-- Every version of what is published, oldest first. One row per version. Parameters: round_id.
SELECT artefact.municipality_code, kind, version, state, file_name, file_sha256, artefact.snapshot_id, published_at,
       brought.act AS brought_act, brought.decided_by AS brought_by, brought.reason AS brought_reason,
       withdrawn.act AS withdrawn_act, withdrawn.decided_by AS withdrawn_by, withdrawn.reason AS withdrawn_reason,
       withdrawn.decided_at AS withdrawn_at
FROM publication.artefact
LEFT JOIN publication.decision AS brought ON brought.decision_id = artefact.brought_by
LEFT JOIN publication.decision AS withdrawn ON withdrawn.decision_id = artefact.withdrawn_by
WHERE artefact.round_id = :round_id
ORDER BY municipality_code, kind, version
