-- The letters an approver reads. One row per municipality, case, wave and channel. Parameters: round_id.
SELECT municipality_code, occasion, wave, channel, subject, body, sms_part_count FROM fieldwork.preview
WHERE round_id = :round_id ORDER BY municipality_code, occasion, wave, channel
