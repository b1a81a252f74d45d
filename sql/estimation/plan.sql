-- What the figures of a round are computed with. One row when the round is frozen. Parameters: round_id.
SELECT r.name, r.codebook_version, r.questionnaire_version, s.snapshot_id, r.close_date - r.invitation_date AS field_days
FROM rounds.round r JOIN responses.snapshot s USING (round_id)
WHERE round_id = :round_id
