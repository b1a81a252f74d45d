-- The files to build the frame of, sealed; content is NULL where the file has been destroyed. One row per municipality
-- whose extract was imported. Parameters: round_id.
SELECT e.municipality_code, m.municipality_name, e.row_count, f.content, f.destroy_after_date
FROM frame.extract AS e
JOIN rounds.municipality AS m USING (round_id, municipality_code)
LEFT JOIN identity.extract_file AS f USING (round_id, municipality_code, file_sha256)
WHERE e.round_id = :round_id AND e.outcome = 'imported'
ORDER BY e.municipality_code
