-- Keep that a citizen wants no contact in any round. Parameters: cpr_lookup (by the key that outlives rounds), known_date.
INSERT INTO fieldwork.no_contact (cpr_lookup, known_date) VALUES (:cpr_lookup, :known_date)
ON CONFLICT (cpr_lookup) DO NOTHING
