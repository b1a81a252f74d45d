-- Retention: the register of what was destroyed, what is kept of it as counts, and a role that may destroy and not read.
-- What goes when, and what stays: docs/retention.md.

CREATE SCHEMA retention;

CREATE TABLE retention.destruction (    -- append-only: what was destroyed; a row that is begun is completed once
    destruction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id text,                      -- NULL: of no round
    municipality_code text,             -- NULL: of the whole round
    rule text NOT NULL CHECK (rule IN ('extract', 'round', 'stray')),
    what text NOT NULL,                 -- a table, or a folder outside the database
    destroyed_n bigint NOT NULL CHECK (destroyed_n > 0),    -- rows, or files
    due_date date NOT NULL,
    begun_at timestamptz NOT NULL,      -- by the round's clock, as completed_at
    completed_at timestamptz,           -- NULL: begun, and not yet known to be gone
    run_id text NOT NULL
);
CREATE INDEX destruction_round_idx ON retention.destruction (round_id, what);

-- Numbers take the place of ids: they follow from nothing and lead nowhere, and one sees that they do.
CREATE FUNCTION retention.numbered(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lpad(to_hex(number), 32, '0')::uuid;
CREATE FUNCTION retention.is_number(id uuid) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN id < '00000000-0000-0001-0000-000000000000'::uuid;

-- What is kept of the messages: the rows of the monitor, without people.
CREATE TABLE fieldwork.message_count (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    wave smallint NOT NULL,
    slot text NOT NULL,
    channel text,
    planned bigint NOT NULL,
    sent bigint NOT NULL,
    accepted bigint NOT NULL,
    delivered bigint NOT NULL,
    failed bigint NOT NULL,
    cancelled bigint NOT NULL,
    unknown bigint NOT NULL,
    no_receipt bigint NOT NULL,
    waiting bigint NOT NULL,
    awaiting_receipt bigint NOT NULL,
    UNIQUE NULLS NOT DISTINCT (round_id, municipality_code, wave, slot, channel)
);

-- What is kept of a person in the population and of an answer is coarse, and under a number.
ALTER TABLE frame.person
    ALTER COLUMN age_years DROP NOT NULL,
    ALTER COLUMN benefit_code DROP NOT NULL,
    ALTER COLUMN spell_start_date DROP NOT NULL;
ALTER TABLE responses.answer DROP CONSTRAINT answer_round_id_response_id_fkey,
    ADD FOREIGN KEY (round_id, response_id) REFERENCES responses.response ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE responses.open_answer DROP CONSTRAINT open_answer_round_id_response_id_fkey,
    ADD FOREIGN KEY (round_id, response_id) REFERENCES responses.response ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE weighting.weight DROP CONSTRAINT weight_round_id_response_id_fkey,
    ADD FOREIGN KEY (round_id, response_id) REFERENCES responses.response ON UPDATE CASCADE;
ALTER TABLE responses.disposition DROP CONSTRAINT disposition_round_id_person_id_fkey,
    ADD FOREIGN KEY (round_id, person_id) REFERENCES sampling.sample ON UPDATE CASCADE;

-- What citizens wrote and a person has approved stays, apart from the answers it came with; the rest goes.
CREATE TABLE responses.kept_open_answer (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    item_id text NOT NULL,
    text text NOT NULL
);
CREATE INDEX kept_open_answer_idx ON responses.kept_open_answer (round_id, municipality_code);

CREATE OR REPLACE VIEW responses.approved_open_answer WITH (security_barrier) AS
SELECT round_id, municipality_code, item_id, text
  FROM (SELECT round_id, municipality_code, item_id, scrubbed_text AS text
          FROM responses.readable_open_answer
         WHERE decision = 'approved' AND writer_count >= 10
         UNION ALL
        SELECT round_id, municipality_code, item_id, text FROM responses.kept_open_answer) AS approved
 ORDER BY round_id, municipality_code, item_id, sha256(convert_to(text, 'UTF8'));

-- Run by retention, which may not read a text. Returns how many texts and decisions went.
CREATE FUNCTION responses.forget_open_answers(of_round text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE texts bigint; decisions bigint;
BEGIN
    INSERT INTO responses.kept_open_answer (round_id, municipality_code, item_id, text)
    SELECT round_id, municipality_code, item_id, scrubbed_text
      FROM responses.readable_open_answer
     WHERE round_id = of_round AND decision = 'approved' AND writer_count >= 10
     ORDER BY municipality_code, item_id, sha256(convert_to(scrubbed_text, 'UTF8'));
    DELETE FROM responses.open_answer WHERE round_id = of_round;
    GET DIAGNOSTICS texts = ROW_COUNT;
    DELETE FROM responses.open_answer_decision WHERE round_id = of_round;
    GET DIAGNOSTICS decisions = ROW_COUNT;
    RETURN texts + decisions;
END $$;
REVOKE ALL ON FUNCTION responses.forget_open_answers FROM PUBLIC;

-- Who may: retention destroys and counts. It reads no CPR number, name, letter, answer or text.
GRANT EXECUTE ON FUNCTION responses.forget_open_answers TO borgerpuls_retention;
GRANT USAGE ON SCHEMA retention, identity, link, answers, frame, sampling, fieldwork, responses TO borgerpuls_retention;
GRANT SELECT, INSERT ON retention.destruction TO borgerpuls_retention;
GRANT UPDATE (completed_at) ON retention.destruction TO borgerpuls_retention;
GRANT UPDATE (state, pause_reason, forgotten_at) ON rounds.round TO borgerpuls_retention;

GRANT SELECT (round_id, municipality_code, destroy_after_date), DELETE
    ON identity.extract_file, identity.quarantined_row TO borgerpuls_retention;
GRANT SELECT (round_id, municipality_code, file_sha256) ON frame.extract TO borgerpuls_retention;
GRANT SELECT (round_id), DELETE ON identity.citizen, frame.spell, frame.row_error, fieldwork.opt_out, fieldwork.arm,
    responses.release TO borgerpuls_retention;
GRANT SELECT (round_id, response_id), DELETE ON link.access, answers.form TO borgerpuls_retention;
GRANT SELECT (tried_at), DELETE ON link.wrong_try TO borgerpuls_retention;
GRANT SELECT (response_id), DELETE ON link.staff_code, answers.page_save, answers.answer, answers.open_answer
    TO borgerpuls_retention;
GRANT SELECT, INSERT, DELETE ON frame.person TO borgerpuls_retention;
GRANT SELECT (round_id, person_id), UPDATE (person_id) ON sampling.sample TO borgerpuls_retention;
GRANT SELECT (round_id, person_id) ON responses.disposition TO borgerpuls_retention;
GRANT SELECT (round_id, municipality_code, message_id, wave, slot, channel, state, sent_at, accepted_at, in_doubt_since),
    DELETE ON fieldwork.message TO borgerpuls_retention;
GRANT SELECT (message_id, is_known, occurred_at), DELETE ON fieldwork.receipt TO borgerpuls_retention;
GRANT SELECT (round_id, action, happened_at, person_id), UPDATE (person_id, note) ON fieldwork.audit
    TO borgerpuls_retention;
GRANT SELECT, INSERT ON fieldwork.message_count TO borgerpuls_retention;
GRANT SELECT ON fieldwork.message_count TO borgerpuls_fieldwork;
GRANT SELECT (round_id, response_id, completeness, is_quarantined, page_count, device_class),
    UPDATE (response_id, page_count, device_class), DELETE ON responses.response TO borgerpuls_retention;
GRANT SELECT (round_id) ON responses.snapshot, responses.open_answer, responses.open_answer_decision
    TO borgerpuls_retention;
