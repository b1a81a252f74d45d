-- What judging a round's answers needs of its plan. At most one row. Parameters: round_id.
SELECT r.round_id, r.state, r.forgotten_at, r.invitation_date, r.close_date, r.codebook_version, r.questionnaire_version,
       EXISTS (SELECT FROM responses.snapshot s WHERE s.round_id = r.round_id) AS is_frozen
  FROM rounds.round r
 WHERE r.round_id = :round_id
