-- Give back what this dispatch has claimed and not begun to send. Parameters: round_id, municipality_code, owner.
UPDATE fieldwork.message
SET state = 'planned', lease_until = NULL, lease_owner = NULL
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state = 'claimed' AND lease_owner = :owner
