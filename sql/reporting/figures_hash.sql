-- Which figures a report of one municipality is drawn from, as a hash: its own and all participating's. One row.
-- Parameters: round_id, municipality_code.
SELECT reporting.figures_hash(:round_id, :municipality_code)
