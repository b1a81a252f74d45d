-- Close a round to answers. Rows: 1 when it was open. Parameters: round_id.
UPDATE rounds.round SET state = 'closed' WHERE round_id = :round_id AND state IN ('open', 'approved')
