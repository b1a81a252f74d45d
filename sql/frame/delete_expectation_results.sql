-- Forget a round's expectation results before they are written again. Parameters: round_id.
DELETE FROM frame.expectation_result WHERE round_id = :round_id
