-- Take back that a citizen is not to be contacted, in the rounds that are not over. One row per round. Parameters:
-- round_ids, lookups (the citizen's keyed hash in each).
DELETE FROM fieldwork.opt_out o
USING unnest(CAST(:round_ids AS text[]), CAST(:lookups AS bytea[])) AS k (round_id, cpr_lookup),
      identity.citizen c, rounds.round r
WHERE c.round_id = k.round_id AND c.cpr_lookup = k.cpr_lookup AND r.round_id = c.round_id
  AND r.state IN ('open', 'approved') AND o.round_id = c.round_id AND o.person_id = c.person_id
RETURNING o.round_id, o.person_id
