-- How the numbers of a report developed. One row per number and period, in time. Parameters: round_id, municipality_code.
SELECT round_id, municipality_code, item_id, measure, domain, domain_group, period, period_name, kind, source, source_title,
       value, is_break_before, break_reason
FROM estimation.trend_point
WHERE round_id = :round_id AND municipality_code IN (:municipality_code, 'alle')
ORDER BY municipality_code, item_id, measure, domain, domain_group, period, kind, source
