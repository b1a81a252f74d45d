-- What has gone the wrong way. One row per alarm. Parameters: round_id.
SELECT municipality_code, item_id, sentence FROM estimation.alarm WHERE round_id = :round_id
ORDER BY municipality_code <> 'alle', municipality_code, p_value
