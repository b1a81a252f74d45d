-- Rounds in any of some states, oldest first. One row per round. Parameters: states.
SELECT round_id FROM rounds.round WHERE state = ANY(CAST(:states AS text[])) ORDER BY round_id
