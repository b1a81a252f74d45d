-- Forms with answers that are new or have changed since they were collected, with the register variables of their citizen.
-- One row per form. Each is looked up by key, as in sampled_people.sql (OFFSET 0 keeps it so). Parameters: round_id, link_key.
SELECT f.response_id, f.revision, f.municipality_code, f.target_group, f.subgroup, f.state, f.started_date,
       f.last_saved_date, f.completed_date, f.duration_seconds, f.device_class, f.page_count,
       p.sex, p.age_group, p.spell_start_date, p.local_1, p.local_2, p.local_3
  FROM sampling.sample s
 CROSS JOIN LATERAL (SELECT f.* FROM answers.form f
                      WHERE f.response_id = link.response_id(CAST(:link_key AS bytea), s.person_id)
                        AND f.round_id = s.round_id AND f.state IN ('started', 'completed') OFFSET 0) AS f
 CROSS JOIN LATERAL (SELECT p.* FROM frame.person p
                      WHERE p.round_id = s.round_id AND p.person_id = s.person_id OFFSET 0) AS p
  LEFT JOIN LATERAL (SELECT r.revision FROM responses.response r
                      WHERE r.round_id = f.round_id AND r.response_id = f.response_id OFFSET 0) AS r ON true
 WHERE s.round_id = :round_id AND r.revision IS DISTINCT FROM f.revision
 ORDER BY f.response_id
