-- Move the forms that arrive together on, as their pages would have done one by one. Rows: forms moved. Parameters: none.
UPDATE answers.form f
   SET revision = f.revision + s.pages, state = s.state, page_id = s.page_id, started_date = s.saved_date,
       last_saved_date = s.saved_date, completed_date = s.completed_date, duration_seconds = s.duration_seconds,
       page_count = s.pages, device_class = s.device_class, language = s.language, receipt_hash = s.receipt_hash
  FROM submitted_form s
 WHERE f.response_id = s.response_id AND f.state = 'unopened'
