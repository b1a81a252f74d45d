-- Let an open round be sent. Parameters: round_id.
UPDATE rounds.round SET state = 'approved' WHERE round_id = :round_id AND state = 'open'
