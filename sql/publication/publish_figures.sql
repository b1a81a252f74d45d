-- Publish the figures of municipalities whose report is not stopped and of which no artefact was ever published.
-- One row per figure. Parameters: round_id.
INSERT INTO publication.figure
SELECT *
FROM estimation.figure
WHERE round_id = :round_id
  AND NOT EXISTS (SELECT FROM publication.artefact
                  WHERE artefact.round_id = figure.round_id AND artefact.municipality_code = figure.municipality_code)
  AND municipality_code NOT IN (SELECT municipality_code FROM estimation.stopped_report WHERE round_id = :round_id)
