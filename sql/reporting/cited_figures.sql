-- The figures that a report cites, as they are now. One row per figure. Parameters: figure_ids.
SELECT figure_id, snapshot_id, value, lower, upper, valid_n, dont_know_n, not_asked_n, broken_off_n, weighted_base,
       difference_to_all, difference_to_rest, difference_to_previous
FROM estimation.figure
WHERE figure_id = ANY(:figure_ids)
ORDER BY figure_id
