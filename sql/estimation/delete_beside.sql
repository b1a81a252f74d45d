-- Take away what is told beside the round's figures, to be replaced in the same transaction. Parameters: round_id.
WITH trend AS (DELETE FROM estimation.trend_point WHERE round_id = :round_id),
     notice AS (DELETE FROM estimation.notice WHERE round_id = :round_id)
DELETE FROM estimation.merged_cell WHERE round_id = :round_id
