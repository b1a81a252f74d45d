-- Remove the results of an earlier check. Parameters: round_id.
DELETE FROM responses.expectation_result WHERE round_id = :round_id
