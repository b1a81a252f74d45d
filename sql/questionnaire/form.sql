-- One form with its round, the round's clock, and the answers so far. At most one row. Parameters: response_id.
SELECT f.response_id, f.round_id, f.municipality_code, f.target_group, f.subgroup, f.questionnaire_version, f.language,
       f.state, f.revision, f.blank_starts, f.page_id,
       r.state AS round_state, r.close_date, c.simulated_at,
       (SELECT jsonb_object_agg(a.item_id, a.choices) FROM answers.answer a WHERE a.response_id = f.response_id) AS choices,
       (SELECT jsonb_object_agg(o.item_id, o.answer_text) FROM answers.open_answer o
         WHERE o.response_id = f.response_id) AS texts
  FROM answers.form f
  JOIN rounds.round r USING (round_id)
  LEFT JOIN rounds.clock c ON true
 WHERE f.response_id = :response_id
