-- What a gateway has refused for good has failed. Parameters: round_id, municipality_code, now.
UPDATE fieldwork.message SET state = 'failed', final_at = :now, lease_until = NULL
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state = 'rejected'
