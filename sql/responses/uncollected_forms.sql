-- How many forms hold something that has not been collected. One row. Parameters: round_id.
SELECT count(*)
  FROM answers.form f
  LEFT JOIN responses.response r ON r.round_id = f.round_id AND r.response_id = f.response_id
 WHERE f.round_id = :round_id
   AND ((f.state IN ('started', 'completed') AND r.revision IS DISTINCT FROM f.revision)
        OR (f.state IN ('deleted', 'unopened') AND r.response_id IS NOT NULL))
