-- Take away the municipalities that the plan has left out, with their own questions. Parameters: round_id, municipalities.
DELETE FROM rounds.municipality
WHERE round_id = :round_id AND municipality_code <> ALL (CAST(:municipalities AS text[]))
