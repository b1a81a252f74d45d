-- The scrubbed open answers of a frozen round, and what was decided of each. One row per text. Parameters: round_id.
SELECT t.reference, t.municipality_code, m.municipality_name, t.item_id, t.scrubbed_text, t.writer_count,
       t.decision, t.decided_by, t.decided_at
  FROM responses.readable_open_answer t
  JOIN rounds.municipality m USING (round_id, municipality_code)
 WHERE t.round_id = :round_id
 ORDER BY t.municipality_code, t.item_id, t.reference
