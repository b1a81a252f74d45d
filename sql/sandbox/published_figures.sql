-- Taking part and overall score of each municipality, and every item's mean for all. One row per figure. Parameters: round_id.
SELECT municipality_code, item_id, measure, value, standard_error, lower, upper
FROM publication.figure
WHERE round_id = :round_id AND domain = 'all'
    AND (item_id = 'response' AND measure IN ('population_n', 'sampled_n', 'reachable_n', 'answered_n', 'response_rate')
         OR measure = 'mean' AND (item_id = 'overall' OR municipality_code = 'alle'))
ORDER BY municipality_code, item_id, measure
