-- Write what was decided about each course, where it differs from what stands there. Parameters: round_id.
UPDATE frame.spell AS s
SET subgroup = d.subgroup, target_group = d.target_group, support_days = d.support_days,
    is_eligible = d.is_eligible, ineligibility_reason = d.ineligibility_reason
FROM decision AS d
WHERE s.round_id = :round_id AND s.municipality_code = d.municipality_code AND s.row_number = d.row_number
  AND (s.subgroup, s.target_group, s.support_days, s.is_eligible, s.ineligibility_reason)
      IS DISTINCT FROM (d.subgroup, d.target_group, d.support_days, d.is_eligible, d.ineligibility_reason)
