-- Keep that a citizen is not to be contacted, in the rounds that are not over; the latest reason counts.
-- One row per round. Parameters: cpr_lookup, reason, now.
INSERT INTO fieldwork.opt_out (round_id, person_id, reason, known_at)
SELECT c.round_id, c.person_id, :reason, :now
FROM identity.citizen c JOIN rounds.round r USING (round_id)
WHERE c.cpr_lookup = :cpr_lookup AND r.state IN ('open', 'approved')
ON CONFLICT (round_id, person_id) DO UPDATE SET reason = excluded.reason
RETURNING round_id, person_id
