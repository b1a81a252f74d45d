-- Forms with answers that are new or have changed since they were collected, with the register variables of their citizen.
-- One row per form. Parameters: round_id, link_key.
SELECT f.response_id, f.revision, f.municipality_code, f.target_group, f.subgroup, f.state, f.started_date,
       f.last_saved_date, f.completed_date, f.duration_seconds, f.device_class, f.page_count,
       p.sex, p.age_group, p.spell_start_date, p.local_1, p.local_2, p.local_3
  FROM sampling.sample s
  JOIN answers.form f ON f.response_id = link.response_id(CAST(:link_key AS bytea), s.person_id)
  JOIN frame.person p ON p.round_id = s.round_id AND p.person_id = s.person_id
  LEFT JOIN responses.response r ON r.round_id = f.round_id AND r.response_id = f.response_id
 WHERE s.round_id = :round_id AND f.round_id = :round_id
   AND f.state IN ('started', 'completed')
   AND r.revision IS DISTINCT FROM f.revision
 ORDER BY f.response_id
