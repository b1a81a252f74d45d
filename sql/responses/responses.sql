-- Everything collected of a round. One row per response. Parameters: round_id.
SELECT response_id, revision, batch_number, municipality_code, sex, age_group, subgroup, target_group, status, duration_group,
       completeness, is_quarantined, quarantine_reason, is_late, started_date, submitted_date, duration_minutes
  FROM responses.response
 WHERE round_id = :round_id
 ORDER BY response_id
