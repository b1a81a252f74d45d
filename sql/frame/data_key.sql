-- A round's data key, wrapped; NULL once it is destroyed. One row and one column, or none. Parameters: round_id.
SELECT wrapped_key FROM identity.data_key WHERE round_id = :round_id
