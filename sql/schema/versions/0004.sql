-- Codes that staff issue to a citizen whose identity they have checked, and the paradata of a response.

CREATE TABLE link.staff_code (          -- opens one form once, and empties it first
    code_hash bytea PRIMARY KEY,        -- keyed hash; the code itself is shown to the operator once and kept nowhere
    response_id uuid NOT NULL REFERENCES answers.form ON DELETE CASCADE,
    is_used boolean NOT NULL DEFAULT false
);
CREATE INDEX staff_code_form_idx ON link.staff_code (response_id);

ALTER TABLE answers.form ADD COLUMN blank_starts integer NOT NULL DEFAULT 0;  -- sessions from before the latest are over

-- How the answering went, without a clock that could tell who it was.
ALTER TABLE responses.response ADD COLUMN page_count integer;   -- pages sent, those sent again counted again
ALTER TABLE responses.response ADD COLUMN device_class text CHECK (device_class IN ('mobil', 'tablet', 'computer'));
COMMENT ON COLUMN responses.response.duration_minutes IS
    'Sum over the pages that were sent of the time each was open, at most 15 minutes a page; breaks between visits are not '
    'in it. Says how long the questionnaire takes only where completeness is complete.';

GRANT SELECT, INSERT, DELETE ON link.staff_code TO borgerpuls_fieldwork;
GRANT SELECT, UPDATE (is_used) ON link.staff_code TO borgerpuls_questionnaire;
