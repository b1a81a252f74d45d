-- Save one page: the form moves on, answers are written, those no longer asked are taken away. One row, the new revision; none
-- when the form has changed since it was read, is finished, its round is closed, or this very save is there already.
-- Parameters: response_id, revision (as read), idempotency_key, page_id, resume_page_id, is_completed, saved_date,
-- seconds, device_class, language, receipt_hash (when completed), choices and texts (JSON objects by item), removed (items).
WITH form AS (
    UPDATE answers.form f
       SET revision = f.revision + 1,
           state = CASE WHEN :is_completed THEN 'completed' ELSE 'started' END,
           page_id = :resume_page_id,
           started_date = coalesce(f.started_date, :saved_date),
           last_saved_date = :saved_date,
           completed_date = CASE WHEN :is_completed THEN CAST(:saved_date AS date) END,
           duration_seconds = f.duration_seconds + :seconds,
           page_count = f.page_count + 1,
           device_class = coalesce(f.device_class, :device_class),
           language = :language,
           receipt_hash = :receipt_hash
      FROM rounds.round r
     WHERE f.response_id = :response_id
       AND f.revision = :revision
       AND f.state IN ('unopened', 'started')
       AND r.round_id = f.round_id
       AND r.state IN ('open', 'approved')
       AND NOT EXISTS (SELECT FROM answers.page_save s
                        WHERE s.response_id = :response_id AND s.idempotency_key = :idempotency_key)
    RETURNING f.response_id, f.revision
), saved AS (
    INSERT INTO answers.page_save (response_id, idempotency_key, page_id)
    SELECT response_id, :idempotency_key, :page_id FROM form
), removed_choices AS (
    DELETE FROM answers.answer a USING form
     WHERE a.response_id = form.response_id AND a.item_id = ANY (:removed)
), removed_texts AS (
    DELETE FROM answers.open_answer o USING form
     WHERE o.response_id = form.response_id AND o.item_id = ANY (:removed)
), written_choices AS (
    INSERT INTO answers.answer (response_id, item_id, choices)
    SELECT form.response_id, given.key, ARRAY(SELECT jsonb_array_elements_text(given.value))
      FROM form, jsonb_each(CAST(:choices AS jsonb)) AS given
    ON CONFLICT (response_id, item_id) DO UPDATE SET choices = EXCLUDED.choices
), written_texts AS (
    INSERT INTO answers.open_answer (response_id, item_id, answer_text)
    SELECT form.response_id, given.key, given.value
      FROM form, jsonb_each_text(CAST(:texts AS jsonb)) AS given
    ON CONFLICT (response_id, item_id) DO UPDATE SET answer_text = EXCLUDED.answer_text
)
SELECT revision FROM form
