-- The letters and the last day of a round, and the latest frozen round before it. At most one row. Parameters: round_id.
SELECT r.invitation_date, r.reminder_1_date, r.reminder_2_date, r.close_date,
       (SELECT max(s.round_id) FROM responses.snapshot s WHERE s.round_id < r.round_id) AS round_before
  FROM rounds.round r
 WHERE r.round_id = :round_id
