-- What has been drawn and is not stopped, whether its figures are still the estimated ones, and what is published of it.
-- One row per municipality and kind. Parameters: round_id, municipality_code (NULL: all).
SELECT drawn.municipality_code, drawn.kind, drawn.file_name, drawn.file_sha256,
       drawn.figures_hash IS NOT DISTINCT FROM now.figures_hash AS is_of_these_figures,
       published.file_sha256 AS published_sha256,
       EXISTS (SELECT FROM publication.artefact AS old
               WHERE old.round_id = drawn.round_id AND old.municipality_code = drawn.municipality_code
                 AND old.kind = drawn.kind) AS was_published
FROM reporting.artefact AS drawn
JOIN (SELECT municipality_code, reporting.figures_hash(:round_id, municipality_code) AS figures_hash
      FROM (SELECT DISTINCT municipality_code FROM reporting.artefact
            WHERE round_id = :round_id
              AND municipality_code = coalesce(CAST(:municipality_code AS text), municipality_code)) AS codes) AS now
    USING (municipality_code)
LEFT JOIN publication.artefact AS published
    ON published.round_id = drawn.round_id AND published.municipality_code = drawn.municipality_code
   AND published.kind = drawn.kind AND published.state = 'current'
WHERE drawn.round_id = :round_id
  AND drawn.municipality_code NOT IN (SELECT municipality_code FROM estimation.stopped_report WHERE round_id = :round_id)
ORDER BY drawn.municipality_code, drawn.kind
