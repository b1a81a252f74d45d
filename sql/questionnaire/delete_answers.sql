-- Delete a citizen's answers at their wish; the empty form stays, so that nobody can answer in their place. Rows: 1 when it was
-- open to deletion. Parameters: response_id.
WITH form AS (
    UPDATE answers.form f
       SET state = 'deleted', revision = f.revision + 1, page_id = NULL, started_date = NULL, last_saved_date = NULL,
           completed_date = NULL, duration_seconds = 0, page_count = 0, device_class = NULL
      FROM rounds.round r
     WHERE f.response_id = :response_id AND f.state = 'completed'
       AND r.round_id = f.round_id AND r.state IN ('open', 'approved')
    RETURNING f.response_id
), removed_choices AS (
    DELETE FROM answers.answer a USING form WHERE a.response_id = form.response_id
), removed_texts AS (
    DELETE FROM answers.open_answer o USING form WHERE o.response_id = form.response_id
), removed_saves AS (
    DELETE FROM answers.page_save s USING form WHERE s.response_id = form.response_id
)
SELECT response_id FROM form
