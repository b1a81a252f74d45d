-- Forget a round's population before it is written again. Parameters: round_id.
DELETE FROM frame.person WHERE round_id = :round_id
