-- Let a paused round go on. Parameters: round_id.
UPDATE rounds.round SET is_paused = false, pause_reason = NULL WHERE round_id = :round_id
