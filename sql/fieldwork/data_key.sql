-- The round's wrapped data key. One row, or none. Parameters: round_id.
SELECT wrapped_key FROM identity.data_key WHERE round_id = :round_id AND wrapped_key IS NOT NULL
