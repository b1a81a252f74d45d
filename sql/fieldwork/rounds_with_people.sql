-- Rounds whose people can be looked up. One row per round.
SELECT round_id FROM rounds.round r
WHERE forgotten_at IS NULL AND EXISTS (SELECT FROM identity.citizen c WHERE c.round_id = r.round_id)
ORDER BY round_id
