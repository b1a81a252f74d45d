-- Who takes part: the municipalities of the round, once a sample is drawn those with somebody in it. One row per
-- municipality. Parameters: round_id.
SELECT m.municipality_code, m.municipality_name
FROM rounds.municipality AS m
WHERE m.round_id = :round_id
  AND (
      EXISTS (SELECT FROM sampling.allocation AS a
              WHERE (a.round_id, a.municipality_code) = (m.round_id, m.municipality_code) AND a.allocated_n > 0)
      OR NOT EXISTS (SELECT FROM sampling.allocation AS a WHERE a.round_id = m.round_id)
  )
ORDER BY m.municipality_code
