-- The answers of the forms in changed_forms.sql. One row per form and answered item. Parameters: round_id.
SELECT a.response_id, a.item_id, a.choices
  FROM answers.form f
  LEFT JOIN LATERAL (SELECT r.revision FROM responses.response r
                      WHERE r.round_id = f.round_id AND r.response_id = f.response_id OFFSET 0) AS r ON true
 CROSS JOIN LATERAL (SELECT a.response_id, a.item_id, a.choices FROM answers.answer a
                      WHERE a.response_id = f.response_id OFFSET 0) AS a
 WHERE f.round_id = :round_id
   AND f.state IN ('started', 'completed')
   AND r.revision IS DISTINCT FROM f.revision
 ORDER BY a.response_id, a.item_id
