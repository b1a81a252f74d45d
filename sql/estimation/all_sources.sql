-- Everything that was imported. One row per source.
SELECT s.source_id, s.kind, s.period, s.title, s.participants, count(f.source_id) AS figures
FROM estimation.source s LEFT JOIN estimation.imported_figure f USING (source_id)
GROUP BY s.source_id ORDER BY s.period, s.source_id
