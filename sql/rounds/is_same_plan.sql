-- Whether the open round has exactly this plan. One row and one column. Parameters: the columns of rounds.round.
SELECT (name, reference_start_date, reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date,
        close_date, codebook_version, questionnaire_version, sample_rule, channels, seed)
    IS NOT DISTINCT FROM
       (CAST(:name AS text), CAST(:reference_start_date AS date), CAST(:reference_end_date AS date),
        CAST(:key_date AS date), CAST(:invitation_date AS date), CAST(:reminder_1_date AS date),
        CAST(:reminder_2_date AS date), CAST(:close_date AS date), CAST(:codebook_version AS text),
        CAST(:questionnaire_version AS text), CAST(:sample_rule AS jsonb), CAST(:channels AS text[]),
        CAST(:seed AS bigint))
FROM rounds.round
WHERE round_id = :round_id
