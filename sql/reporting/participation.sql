-- How many earlier periods are known, in how many of them the municipality has figures, and the latest of those. One row.
-- Parameters: round_id, municipality_code.
WITH known AS (
    SELECT round_id AS period, municipality_code
    FROM estimation.figure JOIN rounds.round USING (round_id)
    WHERE state = 'published' AND domain = 'all' AND measure = 'mean'
    UNION
    SELECT period, municipality_code
    FROM estimation.trend_point
    WHERE round_id = :round_id AND kind <> 'reference'
)
SELECT count(DISTINCT period) AS earlier_rounds,
       count(DISTINCT period) FILTER (WHERE municipality_code = :municipality_code) AS times_before,
       coalesce(max(period) FILTER (WHERE municipality_code = :municipality_code), '') AS previous_period
FROM known
WHERE period < :round_id
