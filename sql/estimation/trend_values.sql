-- What the trend prints of a round itself. One row per number. Parameters: round_id.
SELECT municipality_code, item_id, measure, '' AS category, domain, domain_group, value, is_suppressed
FROM estimation.trend_point WHERE round_id = :round_id AND kind = 'round' AND source = :round_id
