-- Pause a round. Parameters: round_id, reason.
UPDATE rounds.round SET is_paused = true, pause_reason = :reason WHERE round_id = :round_id
