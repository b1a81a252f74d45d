-- The figures of a round. One row per number. Parameters: round_id.
SELECT * FROM estimation.figure WHERE round_id = :round_id ORDER BY figure_id
