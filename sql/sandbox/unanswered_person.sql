-- A sampled person of a round whose form nobody has opened. One row. Parameters: round_id, link_key.
SELECT s.person_id
  FROM sampling.sample s
  JOIN answers.form f ON f.response_id = link.response_id(CAST(:link_key AS bytea), s.person_id)
 WHERE s.round_id = :round_id AND f.state = 'unopened'
 ORDER BY s.person_id
 LIMIT 1
