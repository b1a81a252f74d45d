-- Who wants no contact in any round. One row per citizen.
SELECT cpr_lookup FROM fieldwork.no_contact
