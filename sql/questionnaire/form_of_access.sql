-- Which form a link or a typed code opens. At most one row. Parameters: secret_hash (keyed hash of the token or the code).
SELECT response_id FROM link.access WHERE token_hash = :secret_hash OR code_hash = :secret_hash
