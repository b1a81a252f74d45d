-- Write down what somebody decided of one open answer, as it reads now. Rows: 1 when there is such a text. Parameters:
-- round_id, reference, decision (approved | declined), decided_by, decided_at.
INSERT INTO responses.open_answer_decision (round_id, response_id, item_id, text_sha256, decision, decided_by, decided_at)
SELECT t.round_id, t.response_id, t.item_id, sha256(convert_to(t.scrubbed_text, 'UTF8')), :decision, :decided_by, :decided_at
  FROM responses.readable_open_answer t
 WHERE t.round_id = :round_id AND t.reference = :reference
