-- A number for each answer of a round that has none, in the order they stand. Parameters: round_id.
CREATE TEMPORARY TABLE dealt_answer_number ON COMMIT DROP AS
SELECT response_id,
       retention.numbered((SELECT count(*) FROM responses.response k
                           WHERE k.round_id = :round_id AND retention.is_number(k.response_id))
                          + row_number() OVER (ORDER BY response_id)) AS number
FROM responses.response
WHERE round_id = :round_id AND NOT retention.is_number(response_id)
