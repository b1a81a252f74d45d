-- Rounds whose people can be looked up, in some states. One row per round. Parameters: states.
SELECT round_id FROM rounds.round r
WHERE forgotten_at IS NULL AND state = ANY (CAST(:states AS text[]))
  AND EXISTS (SELECT FROM identity.citizen c WHERE c.round_id = r.round_id)
ORDER BY round_id
