-- The trend points that a report cites, as they are now, by the id that reports cite them under. One row per point.
-- Parameters: point_ids.
SELECT figure_id, value, lower, upper, valid_n
FROM (SELECT concat_ws('|', 'trend', round_id, municipality_code, item_id, measure, domain, domain_group, period, kind,
                       source) AS figure_id, value, lower, upper, valid_n
      FROM estimation.trend_point) AS point
WHERE figure_id = ANY(:point_ids)
ORDER BY figure_id
