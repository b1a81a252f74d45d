-- The example texts of a round. One row per municipality and wave. Parameters: round_id.
SELECT municipality_code, wave, body FROM fieldwork.preview
WHERE round_id = :round_id AND channel = 'sms' ORDER BY wave DESC, municipality_code
