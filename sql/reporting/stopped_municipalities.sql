-- Municipalities whose figures contradict each other: no report is drawn. One row per municipality. Parameters: round_id.
SELECT DISTINCT municipality_code FROM estimation.stopped_report WHERE round_id = :round_id ORDER BY municipality_code
