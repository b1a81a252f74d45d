-- Give the staged people access to their forms, where they have none yet; in an order that says nothing of who they are.
INSERT INTO link.access (round_id, response_id, token_hash, code_hash)
SELECT round_id, response_id, token_hash, code_hash FROM staged_access
ORDER BY response_id
ON CONFLICT (response_id) DO NOTHING
