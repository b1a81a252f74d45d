-- Why cells are withheld. One row per withheld cell. Parameters: round_id.
SELECT municipality_code, item_id, domain, domain_group, reason FROM estimation.suppression WHERE round_id = :round_id
ORDER BY municipality_code, item_id, domain, domain_group
