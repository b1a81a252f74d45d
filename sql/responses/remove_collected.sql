-- Remove what was collected of forms that have changed, to be collected anew. Parameters: round_id, response_ids.
DELETE FROM responses.response WHERE round_id = :round_id AND response_id = ANY (CAST(:response_ids AS uuid[]))
