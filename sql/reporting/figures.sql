-- What one report may say: its own figures, all participating's, and every municipality's overall scores and response.
-- One row per figure. Parameters: round_id, municipality_code.
SELECT figure_id, municipality_code, item_id, measure, category, domain, domain_group, valid_n, dont_know_n, not_asked_n,
       broken_off_n, weighted_base, value, lower, upper, no_interval_reason, difference_to_all, difference_to_rest,
       is_different_from_rest, difference_to_previous, is_different_from_previous, is_uncertain, is_suppressed,
       suppression_reason, snapshot_id, code_version
FROM estimation.figure
WHERE round_id = :round_id
  AND (municipality_code IN (:municipality_code, 'alle')
       OR (domain = 'all' AND measure IN ('mean', 'category_mean', 'response_rate', 'answered_n', 'merged_n')))
ORDER BY figure_id
