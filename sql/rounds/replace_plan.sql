-- Put another plan in the place of a round's, and open the round again where it was stopped. One row. Parameters: the
-- columns of rounds.round.
UPDATE rounds.round
SET name = :name, state = 'open', is_paused = false, pause_reason = NULL, opened_by = :opened_by, opened_at = :opened_at,
    reference_start_date = :reference_start_date, reference_end_date = :reference_end_date, key_date = :key_date,
    invitation_date = :invitation_date, reminder_1_date = :reminder_1_date, reminder_2_date = :reminder_2_date,
    close_date = :close_date, codebook_version = :codebook_version, questionnaire_version = :questionnaire_version,
    sample_rule = CAST(:sample_rule AS jsonb), channels = :channels, seed = :seed
WHERE round_id = :round_id
