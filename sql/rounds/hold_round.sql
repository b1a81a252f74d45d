-- Let one opening of a round at a time change it; another waits for its end. Parameters: round_id.
SELECT pg_advisory_xact_lock(hashtextextended('rounds.' || :round_id, 0))
