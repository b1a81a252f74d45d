-- Rounds that are forgotten. One row per round.
SELECT round_id FROM rounds.round WHERE forgotten_at IS NOT NULL ORDER BY round_id
