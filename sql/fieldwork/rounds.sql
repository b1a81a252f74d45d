-- Every round, latest first. One row per round.
SELECT round_id FROM rounds.round ORDER BY opened_at DESC, round_id DESC
