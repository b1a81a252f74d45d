-- Stop a round for good. Parameters: round_id, reason.
UPDATE rounds.round SET state = 'stopped', pause_reason = :reason WHERE round_id = :round_id AND state IN ('open', 'approved')
