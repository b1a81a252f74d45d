-- Take back that a citizen wants no contact in any round. Rows: 1 when it was kept. Parameters: cpr_lookup.
DELETE FROM fieldwork.no_contact WHERE cpr_lookup = :cpr_lookup
