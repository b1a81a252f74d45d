-- The plan of a round, as the reports print it. One row, or none. Parameters: round_id.
SELECT round_id, reference_start_date, reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date,
       close_date, codebook_version, questionnaire_version, channels, coalesce(sms_share, 1) AS sms_share
FROM rounds.round
LEFT JOIN fieldwork.design USING (round_id)
WHERE round_id = :round_id
