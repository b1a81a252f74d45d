-- Write down that files whose destruction was begun are gone. Parameters: round_id, municipality_code, what, now.
UPDATE retention.destruction SET completed_at = :now
WHERE round_id = :round_id AND municipality_code IS NOT DISTINCT FROM :municipality_code AND what = :what
  AND completed_at IS NULL
