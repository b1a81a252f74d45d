-- Write down that something is destroyed. Parameters: the columns of retention.destruction.
INSERT INTO retention.destruction (round_id, municipality_code, rule, what, destroyed_n, due_date, begun_at, completed_at,
    run_id)
VALUES (:round_id, :municipality_code, :rule, :what, :destroyed_n, :due_date, :begun_at, :completed_at, :run_id)
