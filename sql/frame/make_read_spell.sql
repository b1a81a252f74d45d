-- A place for the courses just read, with the columns of frame.spell; gone when the transaction ends.
CREATE TEMPORARY TABLE read_spell (LIKE frame.spell INCLUDING DEFAULTS) ON COMMIT DROP
