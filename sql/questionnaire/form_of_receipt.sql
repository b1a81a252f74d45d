-- Which form a receipt number belongs to. At most one row. Parameters: receipt_hash.
SELECT response_id FROM answers.form WHERE receipt_hash = :receipt_hash
