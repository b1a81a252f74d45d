-- Destroy wrong codes tried more than a day ago, by the database's clock; a quarter of an hour is all they count for.
DELETE FROM link.wrong_try WHERE tried_at < clock_timestamp() - interval '1 day'
