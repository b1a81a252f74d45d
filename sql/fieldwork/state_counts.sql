-- Messages by state. One row per state. Parameters: round_id.
SELECT state, count(*) AS messages FROM fieldwork.message WHERE round_id = :round_id GROUP BY state ORDER BY state
