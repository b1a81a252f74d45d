-- The planner's statistics (pg_stats) hold up to a hundred values of a column as they were written, and outlive its rows:
-- ANALYZE of an empty table leaves them. So none are kept of what citizens write, or of what is noted of them.
ALTER TABLE answers.open_answer ALTER COLUMN answer_text SET STATISTICS 0;
ALTER TABLE responses.open_answer ALTER COLUMN scrubbed_text SET STATISTICS 0;
ALTER TABLE fieldwork.audit ALTER COLUMN note SET STATISTICS 0;
SELECT pg_clear_attribute_stats('answers', 'open_answer', 'answer_text', false);
SELECT pg_clear_attribute_stats('responses', 'open_answer', 'scrubbed_text', false);
SELECT pg_clear_attribute_stats('fieldwork', 'audit', 'note', false);

-- Which hourly batch an answer came in with, and how often its form was saved: with Airflow's history that is its hour.
GRANT SELECT (revision, batch_number), UPDATE (revision, batch_number) ON responses.response TO borgerpuls_retention;
