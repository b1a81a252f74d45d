-- What is known of each sampled person's contact and answers. One row per sampled person. Parameters: round_id, link_key.
SELECT s.person_id, f.state AS form_state, r.completeness, coalesce(r.is_quarantined, false) AS is_quarantined,
       o.reason AS opt_out_reason,
       coalesce(m.is_reached, false) AS is_reached
  FROM sampling.sample s
  CROSS JOIN LATERAL (SELECT link.response_id(CAST(:link_key AS bytea), s.person_id) AS response_id) l
  LEFT JOIN answers.form f ON f.response_id = l.response_id
  LEFT JOIN responses.response r ON r.round_id = s.round_id AND r.response_id = l.response_id
  LEFT JOIN fieldwork.opt_out o ON o.round_id = s.round_id AND o.person_id = s.person_id
  LEFT JOIN (SELECT round_id, person_id, bool_or(state NOT IN ('failed', 'rejected', 'cancelled')) AS is_reached
               FROM fieldwork.message
              WHERE round_id = :round_id
              GROUP BY round_id, person_id) m ON m.round_id = s.round_id AND m.person_id = s.person_id
 WHERE s.round_id = :round_id
 ORDER BY s.person_id
