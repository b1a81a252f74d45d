-- The answers that count, with the domains of the report; `wave` is the last contact before the answer. One row per response.
-- Parameters: round_id.
SELECT a.response_id, a.municipality_code, a.sex, a.age_group, a.target_group, a.status, a.duration_group,
       a.local_1, a.local_2, a.local_3,
       (1 + (coalesce(a.submitted_date, a.started_date) >= r.reminder_1_date)::int
          + (coalesce(a.submitted_date, a.started_date) >= r.reminder_2_date)::int)::text AS wave
FROM responses.response a JOIN rounds.round r USING (round_id)
WHERE round_id = :round_id AND a.completeness IN ('complete', 'partial') AND NOT a.is_quarantined
ORDER BY a.response_id
