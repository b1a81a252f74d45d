-- When the extracts of a round are destroyed. One row per municipality whose extract is kept. Parameters: round_id.
SELECT municipality_code, max(destroy_after_date) AS destroy_after_date
FROM (SELECT round_id, municipality_code, destroy_after_date FROM identity.extract_file
      UNION ALL
      SELECT round_id, municipality_code, destroy_after_date FROM identity.quarantined_row) AS kept
WHERE round_id = :round_id
GROUP BY municipality_code
ORDER BY municipality_code
