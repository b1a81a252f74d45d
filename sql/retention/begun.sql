-- Whether the destruction of some files is begun and not completed. One row and one column, or none. Parameters: round_id,
-- municipality_code, what.
SELECT destruction_id FROM retention.destruction
WHERE round_id = :round_id AND municipality_code IS NOT DISTINCT FROM :municipality_code AND what = :what
  AND completed_at IS NULL
