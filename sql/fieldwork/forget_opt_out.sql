-- Take back that a citizen is not to be contacted, in the rounds that are not over. One row per round. Parameters:
-- cpr_lookup.
DELETE FROM fieldwork.opt_out o
USING identity.citizen c, rounds.round r
WHERE c.cpr_lookup = :cpr_lookup AND r.round_id = c.round_id AND r.state IN ('open', 'approved')
  AND o.round_id = c.round_id AND o.person_id = c.person_id
RETURNING o.round_id, o.person_id
