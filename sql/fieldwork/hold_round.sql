-- Let one task at a time plan, show or approve a round; another waits for its end. Parameters: round_id.
SELECT pg_advisory_xact_lock(hashtextextended('fieldwork.' || :round_id, 0))
