-- Who has a CPR number, by its keyed hash in each round. One row per round. Parameters: round_ids, lookups.
SELECT c.round_id, c.person_id, c.municipality_code, m.municipality_name
FROM unnest(CAST(:round_ids AS text[]), CAST(:lookups AS bytea[])) AS k (round_id, cpr_lookup)
JOIN identity.citizen c USING (round_id, cpr_lookup)
JOIN rounds.municipality m USING (round_id, municipality_code)
ORDER BY c.round_id
