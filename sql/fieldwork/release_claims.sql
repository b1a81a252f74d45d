-- Give back what this dispatch has claimed and not begun to send; a doubt stays a doubt. Parameters: round_id, municipality_code, owner.
UPDATE fieldwork.message
SET state = CASE WHEN in_doubt_since IS NULL THEN 'planned' ELSE 'unknown' END, lease_until = NULL,
    lease_owner = CASE WHEN in_doubt_since IS NOT NULL THEN lease_owner END
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state = 'claimed' AND lease_owner = :owner
