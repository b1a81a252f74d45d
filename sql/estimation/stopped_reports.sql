-- What stops the report of a municipality. One row per contradiction. Parameters: round_id.
SELECT municipality_code, sentence FROM estimation.stopped_report WHERE round_id = :round_id
ORDER BY municipality_code, sentence
