-- The last published rounds before one, with figures, oldest first. One row per round. Parameters: round_id, most.
SELECT round_id
FROM (SELECT round_id
      FROM rounds.round
      WHERE round_id < :round_id AND state = 'published'
        AND EXISTS (SELECT FROM estimation.figure WHERE figure.round_id = round.round_id)
      ORDER BY round_id DESC
      LIMIT :most) AS latest
ORDER BY round_id
