-- Messages whose dispatch died while they were being sent. One row per message. Parameters: round_id,
-- municipality_code.
SELECT message_id, attempt FROM fieldwork.message
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state = 'sending'
  AND lease_until < clock_timestamp()
