-- Mark a round as forgotten, once; one that nobody has closed is stopped. Parameters: round_id, now.
UPDATE rounds.round
SET forgotten_at = :now,
    pause_reason = CASE WHEN state IN ('open', 'approved') THEN 'fristen er nået, og runden er glemt' ELSE pause_reason END,
    state = CASE WHEN state IN ('open', 'approved') THEN 'stopped' ELSE state END
WHERE round_id = :round_id AND forgotten_at IS NULL
