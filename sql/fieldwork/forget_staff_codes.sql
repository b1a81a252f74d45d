-- Withdraw the codes of a form that nobody has used, before another is issued. Parameters: response_id.
DELETE FROM link.staff_code WHERE response_id = :response_id AND NOT is_used
