-- Extracts, and the rows set aside from them, whose day has come, and those whose destruction was not completed. One row per
-- round and municipality. Parameters: today.
WITH kept AS (
    SELECT round_id, municipality_code, max(destroy_after_date) AS destroy_after_date
    FROM (SELECT round_id, municipality_code, destroy_after_date FROM identity.extract_file
          UNION ALL
          SELECT round_id, municipality_code, destroy_after_date FROM identity.quarantined_row) AS both_kinds
    GROUP BY round_id, municipality_code
)
SELECT round_id, municipality_code, destroy_after_date FROM kept WHERE destroy_after_date <= :today
UNION
SELECT d.round_id, d.municipality_code, d.due_date
FROM retention.destruction d
WHERE d.rule = 'extract' AND d.completed_at IS NULL
  AND NOT EXISTS (SELECT FROM kept k
                  WHERE k.round_id = d.round_id AND k.municipality_code = d.municipality_code)
ORDER BY round_id, municipality_code
