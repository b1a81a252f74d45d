-- What became of each municipality's extract; outcome is NULL where no file has been looked for yet.
-- One row per municipality of the round. Parameters: round_id.
SELECT m.municipality_code, m.municipality_name, e.outcome, e.outcome_text,
       coalesce(e.row_count, 0) AS row_count, coalesce(e.eligible_count, 0) AS eligible_count,
       coalesce(e.ineligible_count, 0) AS ineligible_count, coalesce(e.quarantined_count, 0) AS quarantined_count
FROM rounds.municipality AS m
LEFT JOIN frame.extract AS e USING (round_id, municipality_code)
WHERE m.round_id = :round_id
