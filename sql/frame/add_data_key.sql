-- Give a round its data key, unless it has (or had) one. Parameters: round_id, wrapped_key.
INSERT INTO identity.data_key (round_id, wrapped_key)
VALUES (:round_id, :wrapped_key)
ON CONFLICT (round_id) DO NOTHING
