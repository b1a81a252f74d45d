-- How much is planned. One row. Parameters: round_id.
SELECT count(*) AS messages, count(DISTINCT person_id) AS people FROM fieldwork.message WHERE round_id = :round_id
