-- What fieldwork needs to know of a round. One row, or none. Parameters: round_id.
SELECT round_id, name, state, is_paused, pause_reason, opened_by, reference_start_date, reference_end_date,
       invitation_date, reminder_1_date, reminder_2_date, close_date, codebook_version, questionnaire_version, channels,
       seed, forgotten_at
FROM rounds.round
WHERE round_id = :round_id
