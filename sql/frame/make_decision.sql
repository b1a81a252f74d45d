-- A place for what was decided about each course; gone when the transaction ends.
CREATE TEMPORARY TABLE decision (
    municipality_code text NOT NULL,
    row_number integer NOT NULL,
    subgroup text,
    target_group text,
    support_days integer,
    is_eligible boolean NOT NULL,
    ineligibility_reason text,
    PRIMARY KEY (municipality_code, row_number)
) ON COMMIT DROP
