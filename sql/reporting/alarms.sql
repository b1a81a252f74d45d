-- The scores of a report that have gone the wrong way since the period before. One row per score. Parameters: round_id,
-- municipality_code.
SELECT item_id, measure, previous_period
FROM estimation.alarm
WHERE round_id = :round_id AND municipality_code = :municipality_code
ORDER BY item_id, measure
