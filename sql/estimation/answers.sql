-- The answers of those who count. One row per response and item. Parameters: round_id.
SELECT a.response_id, a.item_id, a.outcome, a.score, a.choices
FROM responses.answer a JOIN responses.response r USING (round_id, response_id)
WHERE round_id = :round_id AND r.completeness IN ('complete', 'partial') AND NOT r.is_quarantined
