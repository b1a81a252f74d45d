-- Take away the figures of municipalities of which no artefact was ever published, to be replaced in the same transaction.
-- Parameters: round_id.
DELETE FROM publication.figure
WHERE round_id = :round_id
  AND NOT EXISTS (SELECT FROM publication.artefact
                  WHERE artefact.round_id = figure.round_id AND artefact.municipality_code = figure.municipality_code)
