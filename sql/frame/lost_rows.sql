-- Municipalities where rows in the file are not eligible + ineligible + in quarantine. One row per municipality.
-- Parameters: round_id.
SELECT m.municipality_name, e.row_count, e.eligible_count, e.ineligible_count, e.quarantined_count
FROM frame.extract AS e
JOIN rounds.municipality AS m USING (round_id, municipality_code)
WHERE e.round_id = :round_id AND e.row_count <> e.eligible_count + e.ineligible_count + e.quarantined_count
