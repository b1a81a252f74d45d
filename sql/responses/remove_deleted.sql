-- Remove what was collected of forms whose citizen has deleted the answers or begun anew with an empty form. Rows: responses
-- removed. Parameters: round_id.
DELETE FROM responses.response r
 USING answers.form f
 WHERE r.round_id = :round_id AND f.response_id = r.response_id AND f.state IN ('deleted', 'unopened')
