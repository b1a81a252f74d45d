-- Who has a CPR number, in every round, by its keyed hash. One row per round. Parameters: cpr_lookup.
SELECT round_id, person_id, municipality_code FROM identity.citizen WHERE cpr_lookup = :cpr_lookup ORDER BY round_id
