-- Destroy a round's open answers and who decided on them; what is approved is kept apart. One row and one column: how many.
-- Parameters: round_id.
SELECT responses.forget_open_answers(:round_id)
