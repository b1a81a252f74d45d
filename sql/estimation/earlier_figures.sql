-- What earlier published rounds give to a trend. One row per figure. Parameters: round_ids.
SELECT round_id, municipality_code, item_id, measure, domain, domain_group, value, standard_error, degrees_of_freedom,
       lower, upper, valid_n, is_uncertain, is_suppressed
FROM estimation.figure
WHERE round_id = ANY(:round_ids)
  AND (domain = 'all' AND measure IN ('mean', 'category_mean', 'top2', 'response_rate', 'complete_rate')
       OR domain = 'target_group' AND measure IN ('mean', 'category_mean'))
