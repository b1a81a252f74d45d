-- Which figures each correction of a municipality changed. One row per decision and figure.
-- Parameters: round_id, municipality_code.
SELECT decision_id, decided_at, decided_by, reason, figure_id, state_before, state_after, value_before, value_after,
       valid_n_before, valid_n_after
FROM publication.decision
JOIN publication.change USING (decision_id, municipality_code)
WHERE round_id = :round_id AND municipality_code = :municipality_code
ORDER BY decision_id, figure_id
