-- Who has a CPR number, in every round, by its keyed hash. One row per round. Parameters: cpr_lookup.
SELECT c.round_id, c.person_id, c.municipality_code, m.municipality_name
FROM identity.citizen c JOIN rounds.municipality m USING (round_id, municipality_code)
WHERE c.cpr_lookup = :cpr_lookup ORDER BY c.round_id
