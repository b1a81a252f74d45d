-- Whose figures of a period we have published. One row per municipality. Parameters: period.
SELECT DISTINCT f.municipality_code
FROM estimation.figure f JOIN rounds.round r USING (round_id)
WHERE r.round_id = :period AND r.state = 'published' AND f.municipality_code <> 'alle'
