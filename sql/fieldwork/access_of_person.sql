-- The form of a sampled person in a round that takes answers. At most one row. Parameters: round_id, cpr_lookup, link_key.
SELECT c.person_id, f.response_id, f.state
  FROM identity.citizen c
  JOIN answers.form f ON f.response_id = link.response_id(CAST(:link_key AS bytea), c.person_id)
 WHERE c.round_id = :round_id AND c.cpr_lookup = :cpr_lookup
