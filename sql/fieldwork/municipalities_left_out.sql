-- The municipalities of a round in which nobody is sampled, and what became of their extract, in Danish; NULL where it
-- was read. One row per municipality without a sample. Parameters: round_id.
SELECT m.municipality_code, m.municipality_name, CASE WHEN e.outcome <> 'imported' THEN e.outcome_text END AS reason
FROM rounds.municipality AS m
LEFT JOIN frame.extract AS e USING (round_id, municipality_code)
WHERE m.round_id = :round_id
  AND NOT EXISTS (
      SELECT FROM sampling.sample AS s WHERE (s.round_id, s.municipality_code) = (m.round_id, m.municipality_code)
  )
ORDER BY m.municipality_code
