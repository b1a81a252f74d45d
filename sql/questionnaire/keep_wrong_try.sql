-- Keep a wrong try, and forget every one that counts no more. One row. Parameters: address_hash, window_seconds.
WITH past AS (
    DELETE FROM link.wrong_try WHERE tried_at <= clock_timestamp() - make_interval(secs => :window_seconds)
)
INSERT INTO link.wrong_try (address_hash, tried_at) VALUES (:address_hash, clock_timestamp())
