-- A place for accesses before they are compared with those already there.
CREATE TEMPORARY TABLE staged_access (LIKE link.access) ON COMMIT DROP
