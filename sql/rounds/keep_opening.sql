-- Keep the plan a round was opened with, and who did. One row. Parameters: round_id, run_id, opened_by, opened_at, plan.
INSERT INTO rounds.opening (round_id, run_id, opened_by, opened_at, plan)
VALUES (:round_id, :run_id, :opened_by, :opened_at, CAST(:plan AS jsonb))
