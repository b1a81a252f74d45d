-- The form of a sampled person in a round that takes answers. At most one row. Parameters: round_id, cpr_lookup.
SELECT c.person_id, f.response_id, f.state
  FROM identity.citizen c
  JOIN link.access a USING (round_id, person_id)
  JOIN answers.form f USING (response_id)
 WHERE c.round_id = :round_id AND c.cpr_lookup = :cpr_lookup
