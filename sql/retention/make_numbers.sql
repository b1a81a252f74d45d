-- A number for each person of a round that has none, dealt by chance. Parameters: round_id.
CREATE TEMPORARY TABLE dealt_number ON COMMIT DROP AS
SELECT person_id,
       retention.numbered((SELECT count(*) FROM frame.person k
                           WHERE k.round_id = :round_id AND retention.is_number(k.person_id))
                          + row_number() OVER (ORDER BY gen_random_uuid())) AS number
FROM (SELECT person_id FROM frame.person WHERE round_id = :round_id
      UNION
      SELECT person_id FROM sampling.sample WHERE round_id = :round_id) AS everybody
WHERE NOT retention.is_number(person_id)
