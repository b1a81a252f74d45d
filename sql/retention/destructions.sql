-- The register of a round, in order. One row per thing destroyed. Parameters: round_id.
SELECT rule, municipality_code, what, destroyed_n, due_date, begun_at, completed_at, run_id
FROM retention.destruction
WHERE round_id = :round_id
ORDER BY destruction_id
