-- The figures of imported sources. One row per figure. Parameters: source_ids.
SELECT source_id, municipality_code, item_id, measure, category, domain, domain_group, value, standard_error,
       degrees_of_freedom, lower, upper, valid_n
FROM estimation.imported_figure WHERE source_id = ANY(:source_ids)
