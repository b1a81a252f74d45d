-- What is approved in a round by somebody else than its opener. One row per municipality and approval. Parameters:
-- round_id.
SELECT c.municipality_code, c.municipality_hash
FROM rounds.approval a
JOIN rounds.approved_content c USING (round_id, content_hash)
JOIN rounds.round r USING (round_id)
WHERE a.round_id = :round_id AND a.opened_by = r.opened_by
