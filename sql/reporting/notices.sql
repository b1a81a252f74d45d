-- Why something is not shown in a report. One row per sentence. Parameters: round_id, municipality_code.
SELECT item_id, domain, code, sentence
FROM estimation.notice
WHERE round_id = :round_id AND municipality_code = :municipality_code
ORDER BY code, item_id, domain
