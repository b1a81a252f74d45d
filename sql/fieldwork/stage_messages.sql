-- A place for planned messages before they are compared with those already there.
CREATE TEMPORARY TABLE staged_message (LIKE fieldwork.message INCLUDING DEFAULTS) ON COMMIT DROP
