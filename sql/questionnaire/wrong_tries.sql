-- How many wrong codes an address has tried of late. One row. Parameters: address_hash, window_seconds.
SELECT count(*) FROM link.wrong_try
WHERE address_hash = :address_hash AND tried_at > clock_timestamp() - make_interval(secs => :window_seconds)
