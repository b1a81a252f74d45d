-- Which form a code issued by staff opens, and whether it has been used. At most one row. Parameters: secret_hash.
SELECT response_id, is_used FROM link.staff_code WHERE code_hash = :secret_hash
