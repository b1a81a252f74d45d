-- Keep a code that was issued by staff, as its keyed hash. Parameters: code_hash, response_id.
INSERT INTO link.staff_code (code_hash, response_id) VALUES (:code_hash, :response_id)
