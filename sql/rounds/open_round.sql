-- Open a round. One row. Parameters: the columns of rounds.round.
INSERT INTO rounds.round (round_id, name, opened_by, opened_at, reference_start_date, reference_end_date, key_date,
    invitation_date, reminder_1_date, reminder_2_date, close_date, codebook_version, questionnaire_version,
    sample_rule, channels, seed)
VALUES (:round_id, :name, :opened_by, :opened_at, :reference_start_date, :reference_end_date, :key_date,
    :invitation_date, :reminder_1_date, :reminder_2_date, :close_date, :codebook_version, :questionnaire_version,
    CAST(:sample_rule AS jsonb), :channels, :seed)
