-- Published rounds before one, with their figures. One row per round. Parameters: round_id.
SELECT round_id, name, codebook_version, questionnaire_version
FROM rounds.round
WHERE round_id < :round_id AND state = 'published'
  AND EXISTS (SELECT FROM estimation.figure WHERE figure.round_id = round.round_id)
ORDER BY round_id
