-- Figures of a municipality whose number, base, verdict or state differs between what is published and what is estimated.
-- One row per figure. Parameters: round_id, municipality_code.
SELECT coalesce(new.figure_id, old.figure_id) AS figure_id,
       CASE WHEN old.figure_id IS NULL THEN 'absent' WHEN old.is_suppressed THEN 'withheld' ELSE 'shown' END AS state_before,
       CASE WHEN new.figure_id IS NULL THEN 'absent' WHEN new.is_suppressed THEN 'withheld' ELSE 'shown' END AS state_after,
       CASE WHEN new.is_suppressed THEN NULL ELSE old.value END AS value_before, new.value AS value_after,
       CASE WHEN new.is_suppressed THEN NULL ELSE old.valid_n END AS valid_n_before, new.valid_n AS valid_n_after
FROM (SELECT * FROM publication.figure WHERE round_id = :round_id AND municipality_code = :municipality_code) AS old
FULL JOIN (SELECT * FROM estimation.figure WHERE round_id = :round_id AND municipality_code = :municipality_code) AS new
    ON new.figure_id = old.figure_id
WHERE (old.figure_id IS NULL, old.is_suppressed, round(old.value::numeric, 6), round(old.lower::numeric, 6),
       round(old.upper::numeric, 6), old.valid_n, old.dont_know_n, old.is_different_from_rest,
       old.is_different_from_previous, round(old.difference_to_all::numeric, 6),
       round(old.difference_to_previous::numeric, 6))
      IS DISTINCT FROM
      (new.figure_id IS NULL, new.is_suppressed, round(new.value::numeric, 6), round(new.lower::numeric, 6),
       round(new.upper::numeric, 6), new.valid_n, new.dont_know_n, new.is_different_from_rest,
       new.is_different_from_previous, round(new.difference_to_all::numeric, 6),
       round(new.difference_to_previous::numeric, 6))
ORDER BY 1
