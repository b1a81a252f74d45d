-- What is known of each sampled person's contact and answers. One row per sampled person. Each is looked up by key (OFFSET 0
-- keeps it so): a new round is not in the planner's statistics yet, and joins would read it once for each of its rows.
-- Parameters: round_id, link_key.
SELECT s.person_id, f.state AS form_state, r.completeness, coalesce(r.is_quarantined, false) AS is_quarantined,
       o.reason AS opt_out_reason,
       coalesce(m.is_reached, false) AS is_reached
  FROM sampling.sample s
 CROSS JOIN LATERAL (SELECT link.response_id(CAST(:link_key AS bytea), s.person_id) AS response_id OFFSET 0) AS l
  LEFT JOIN LATERAL (SELECT f.state FROM answers.form f WHERE f.response_id = l.response_id OFFSET 0) AS f ON true
  LEFT JOIN LATERAL (SELECT r.completeness, r.is_quarantined FROM responses.response r
                      WHERE r.round_id = s.round_id AND r.response_id = l.response_id OFFSET 0) AS r ON true
  LEFT JOIN LATERAL (SELECT o.reason FROM fieldwork.opt_out o
                      WHERE o.round_id = s.round_id AND o.person_id = s.person_id OFFSET 0) AS o ON true
  LEFT JOIN LATERAL (SELECT bool_or(m.state NOT IN ('failed', 'rejected', 'cancelled')) AS is_reached
                       FROM fieldwork.message m
                      WHERE m.round_id = s.round_id AND m.person_id = s.person_id) AS m ON true
 WHERE s.round_id = :round_id
 ORDER BY s.person_id
