-- The open answers of the forms in changed_forms.sql, as written. One row per form and item. Parameters: round_id.
SELECT o.response_id, o.item_id, o.answer_text
  FROM answers.form f
  LEFT JOIN LATERAL (SELECT r.revision FROM responses.response r
                      WHERE r.round_id = f.round_id AND r.response_id = f.response_id OFFSET 0) AS r ON true
 CROSS JOIN LATERAL (SELECT o.response_id, o.item_id, o.answer_text FROM answers.open_answer o
                      WHERE o.response_id = f.response_id OFFSET 0) AS o
 WHERE f.round_id = :round_id
   AND f.state IN ('started', 'completed')
   AND r.revision IS DISTINCT FROM f.revision
 ORDER BY o.response_id, o.item_id
