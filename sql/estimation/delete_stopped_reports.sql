-- Take away what stopped reports, to be replaced in the same transaction. Parameters: round_id.
DELETE FROM estimation.stopped_report WHERE round_id = :round_id
