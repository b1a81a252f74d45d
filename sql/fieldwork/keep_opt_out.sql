-- Keep that a citizen is not to be contacted, in the rounds that are not over; the latest reason counts.
-- One row per round. Parameters: round_ids, lookups (the citizen's keyed hash in each), reason, now.
INSERT INTO fieldwork.opt_out (round_id, person_id, reason, known_at)
SELECT c.round_id, c.person_id, :reason, :now
FROM unnest(CAST(:round_ids AS text[]), CAST(:lookups AS bytea[])) AS k (round_id, cpr_lookup)
JOIN identity.citizen c USING (round_id, cpr_lookup)
JOIN rounds.round r USING (round_id)
WHERE r.state IN ('open', 'approved')
ON CONFLICT (round_id, person_id) DO UPDATE SET reason = excluded.reason
RETURNING round_id, person_id
