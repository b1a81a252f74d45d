-- Give the staged people access to their forms, where they have none yet.
INSERT INTO link.access (round_id, person_id, response_id, token_hash, code_hash)
SELECT round_id, person_id, response_id, token_hash, code_hash FROM staged_access
ON CONFLICT (round_id, person_id) DO NOTHING
