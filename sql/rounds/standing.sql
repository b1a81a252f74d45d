-- What stands under a round's id: whether it is exactly this plan, whether this very run opened it, and whether the plan
-- may still be replaced: nobody has approved it and no message was ever touched. One row, or none.
-- Parameters: the columns of rounds.round, municipalities, run_id.
SELECT r.state, r.opened_by, r.opened_at, r.forgotten_at,
       (r.name, r.reference_start_date, r.reference_end_date, r.key_date, r.invitation_date, r.reminder_1_date,
        r.reminder_2_date, r.close_date, r.codebook_version, r.questionnaire_version, r.sample_rule, r.channels, r.seed,
        (SELECT array_agg(m.municipality_code ORDER BY m.municipality_code) FROM rounds.municipality m
         WHERE m.round_id = r.round_id))
       IS NOT DISTINCT FROM
       (CAST(:name AS text), CAST(:reference_start_date AS date), CAST(:reference_end_date AS date),
        CAST(:key_date AS date), CAST(:invitation_date AS date), CAST(:reminder_1_date AS date),
        CAST(:reminder_2_date AS date), CAST(:close_date AS date), CAST(:codebook_version AS text),
        CAST(:questionnaire_version AS text), CAST(:sample_rule AS jsonb), CAST(:channels AS text[]),
        CAST(:seed AS bigint), CAST(:municipalities AS text[])) AS is_same_plan,
       EXISTS (SELECT FROM rounds.opening o WHERE o.round_id = r.round_id AND o.run_id = :run_id) AS is_of_this_run,
       r.state IN ('open', 'stopped')
       AND NOT EXISTS (SELECT FROM rounds.approval a WHERE a.round_id = r.round_id)
       AND NOT EXISTS (SELECT FROM fieldwork.message m
                       WHERE m.round_id = r.round_id AND (m.state <> 'planned' OR m.attempt > 0)) AS is_replaceable
FROM rounds.round r
WHERE r.round_id = :round_id
