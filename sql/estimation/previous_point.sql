-- The point of a trend before the round's own, where they may be compared. One row, or none.
-- Parameters: round_id, municipality_code, item_id, measure.
SELECT before.period_name, before.source_title
FROM estimation.trend_point own
JOIN estimation.trend_point before USING (round_id, municipality_code, item_id, measure, domain, domain_group)
WHERE round_id = :round_id AND municipality_code = :municipality_code AND item_id = :item_id AND measure = :measure
  AND domain = 'all' AND own.period = round_id AND NOT own.is_break_before AND before.period < own.period
  AND before.kind <> 'reference'
ORDER BY before.period DESC
LIMIT 1
