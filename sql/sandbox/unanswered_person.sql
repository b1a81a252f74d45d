-- A sampled person of a round whose form nobody has opened. One row. Parameters: round_id.
SELECT a.person_id
  FROM link.access a
  JOIN answers.form f ON f.response_id = a.response_id
 WHERE a.round_id = :round_id AND f.state = 'unopened'
 ORDER BY a.person_id
 LIMIT 1
