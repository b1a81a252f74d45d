-- How many were sampled. One row per municipality and target group. Parameters: round_id.
SELECT s.municipality_code, m.municipality_name, p.target_group, CAST(count(*) AS integer) AS sampled_n
  FROM sampling.sample s
  JOIN frame.person p USING (round_id, person_id)
  JOIN rounds.municipality m ON m.round_id = s.round_id AND m.municipality_code = s.municipality_code
 WHERE s.round_id = :round_id
 GROUP BY s.municipality_code, m.municipality_name, p.target_group
 ORDER BY s.municipality_code, p.target_group
