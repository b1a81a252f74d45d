-- A closed round is published. One row, or none. Parameters: round_id.
UPDATE rounds.round SET state = 'published' WHERE round_id = :round_id AND state = 'closed'
