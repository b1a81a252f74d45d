-- The published round before one. One row, or none. Parameters: round_id.
SELECT f.round_id, f.snapshot_id, r.codebook_version, r.questionnaire_version
FROM publication.figure f JOIN rounds.round r USING (round_id)
WHERE f.round_id < :round_id
ORDER BY f.round_id DESC LIMIT 1
