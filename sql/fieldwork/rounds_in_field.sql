-- Approved rounds that can still be answered or have messages that are not settled. One row per round.
SELECT round_id FROM rounds.round WHERE state = 'approved' ORDER BY round_id
