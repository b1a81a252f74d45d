-- Give back claims whose dispatch has died: nothing of them was sent, and a doubt stays a doubt. Parameters: round_id, municipality_code.
UPDATE fieldwork.message
SET state = CASE WHEN in_doubt_since IS NULL THEN 'planned' ELSE 'unknown' END, lease_until = NULL, lease_owner = NULL
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state = 'claimed'
  AND lease_until < clock_timestamp()
