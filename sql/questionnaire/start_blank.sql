-- Use a code issued by staff: the form is emptied, every session with it is over, and the code is spent. One row, or none when
-- the code has been used, the form is finished or its round is closed. Parameters: secret_hash.
WITH code AS (
    UPDATE link.staff_code c
       SET is_used = true
      FROM answers.form f
      JOIN rounds.round r USING (round_id)
     WHERE c.code_hash = :secret_hash AND NOT c.is_used AND f.response_id = c.response_id
       AND f.state IN ('unopened', 'started') AND r.state IN ('open', 'approved')
    RETURNING c.response_id
), form AS (
    UPDATE answers.form f
       SET state = 'unopened', revision = f.revision + 1, blank_starts = f.blank_starts + 1, page_id = NULL,
           started_date = NULL, last_saved_date = NULL, duration_seconds = 0, page_count = 0, device_class = NULL
      FROM code
     WHERE f.response_id = code.response_id
    RETURNING f.response_id
), removed_choices AS (
    DELETE FROM answers.answer a USING form WHERE a.response_id = form.response_id
), removed_texts AS (
    DELETE FROM answers.open_answer o USING form WHERE o.response_id = form.response_id
), removed_saves AS (
    DELETE FROM answers.page_save s USING form WHERE s.response_id = form.response_id
)
SELECT response_id FROM form
