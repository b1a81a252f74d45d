-- A place for forms that arrive together; gone at the end of the transaction. Parameters: none.
CREATE TEMPORARY TABLE submitted_form (
    response_id uuid PRIMARY KEY,
    pages integer NOT NULL,
    state text NOT NULL,
    page_id text NOT NULL,
    saved_date date NOT NULL,
    completed_date date,
    duration_seconds integer NOT NULL,
    device_class text,
    language text NOT NULL,
    receipt_hash bytea
) ON COMMIT DROP
