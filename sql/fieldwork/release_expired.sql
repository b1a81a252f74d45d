-- Give back claims whose dispatch has died: nothing of them was sent. Parameters: round_id, municipality_code.
UPDATE fieldwork.message
SET state = 'planned', lease_until = NULL, lease_owner = NULL
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state = 'claimed'
  AND lease_until < clock_timestamp()
