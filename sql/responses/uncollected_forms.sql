-- How many forms hold something that has not been collected. One row. Each is looked up by key, as in sampled_people.sql.
-- Parameters: round_id.
SELECT count(*)
  FROM answers.form f
  LEFT JOIN LATERAL (SELECT r.response_id, r.revision FROM responses.response r
                      WHERE r.round_id = f.round_id AND r.response_id = f.response_id OFFSET 0) AS r ON true
 WHERE f.round_id = :round_id
   AND ((f.state IN ('started', 'completed') AND r.revision IS DISTINCT FROM f.revision)
        OR (f.state IN ('deleted', 'unopened') AND r.response_id IS NOT NULL))
