-- The schemas of the stages, in the order a round runs, and three that keep a person apart from the answers:
-- identity (who), link (who has which form), answers (what was answered).

DO $$
DECLARE stage text;
BEGIN
    FOREACH stage IN ARRAY ARRAY['rounds', 'frame', 'sampling', 'fieldwork', 'questionnaire', 'responses',
                                 'weighting', 'estimation', 'reporting', 'publication', 'retention'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'borgerpuls_' || stage) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', 'borgerpuls_' || stage);
        END IF;
    END LOOP;
    -- Two logins. The pipeline inherits nothing: each transaction takes the role of its stage.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'borgerpuls_pipeline') THEN
        CREATE ROLE borgerpuls_pipeline LOGIN NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'borgerpuls_web') THEN
        CREATE ROLE borgerpuls_web LOGIN NOINHERIT;
    END IF;
END $$;

GRANT borgerpuls_rounds, borgerpuls_frame, borgerpuls_sampling, borgerpuls_fieldwork, borgerpuls_responses,
      borgerpuls_weighting, borgerpuls_estimation, borgerpuls_reporting, borgerpuls_publication,
      borgerpuls_retention TO borgerpuls_pipeline;
GRANT borgerpuls_questionnaire TO borgerpuls_web;

CREATE SCHEMA rounds;
CREATE SCHEMA identity;
CREATE SCHEMA link;
CREATE SCHEMA answers;
CREATE SCHEMA frame;
CREATE SCHEMA sampling;
CREATE SCHEMA fieldwork;
CREATE SCHEMA responses;
CREATE SCHEMA weighting;
CREATE SCHEMA estimation;
CREATE SCHEMA reporting;
CREATE SCHEMA publication;

-- rounds ----------------------------------------------------------------------------------------------------------

CREATE TABLE rounds.clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    simulated_at timestamptz NOT NULL
);

CREATE TABLE rounds.round (
    round_id text PRIMARY KEY CHECK (round_id ~ '^[0-9]{4}-[12]$'),
    name text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'closed', 'published', 'stopped')),
    is_paused boolean NOT NULL DEFAULT false,
    pause_reason text,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    reference_start_date date NOT NULL,
    reference_end_date date NOT NULL,
    key_date date NOT NULL,
    invitation_date date NOT NULL,
    reminder_1_date date NOT NULL,
    reminder_2_date date NOT NULL,
    close_date date NOT NULL,           -- last day that an answer counts
    codebook_version text NOT NULL,
    questionnaire_version text NOT NULL,
    sample_rule jsonb NOT NULL,         -- {"rule": "configured" | "precision" | "census", …}, see sampling/allocation.py
    channels text[] NOT NULL,
    seed bigint NOT NULL,
    CHECK (reference_start_date <= reference_end_date AND reference_end_date <= key_date
           AND key_date <= invitation_date AND invitation_date < reminder_1_date
           AND reminder_1_date < reminder_2_date AND reminder_2_date < close_date)
);

CREATE TABLE rounds.municipality (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL CHECK (municipality_code ~ '^[0-9]{4}$'),
    municipality_name text NOT NULL,
    PRIMARY KEY (round_id, municipality_code)
);

CREATE TABLE rounds.local_item (        -- a municipality's own questions, at most three, as the instrument writes items
    round_id text NOT NULL,
    municipality_code text NOT NULL,
    definition jsonb NOT NULL,
    PRIMARY KEY (round_id, municipality_code),
    FOREIGN KEY (round_id, municipality_code) REFERENCES rounds.municipality
);

CREATE TABLE rounds.approval (          -- append-only: dispatch looks for one with the hash of what it is about to send
    round_id text NOT NULL REFERENCES rounds.round,
    content_hash text NOT NULL,         -- of sample, texts and dates
    opened_by text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL,
    PRIMARY KEY (round_id, content_hash),
    CHECK (opened_by <> approved_by)
);

-- identity: everything here is encrypted with the round's data key; the wrapping key is outside the database --------

CREATE TABLE identity.data_key (
    round_id text PRIMARY KEY REFERENCES rounds.round,
    wrapped_key bytea,
    destroyed_at timestamptz
);

CREATE TABLE identity.extract_file (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    file_sha256 text NOT NULL,
    content bytea NOT NULL,
    destroy_after_date date NOT NULL,
    PRIMARY KEY (round_id, municipality_code)
);

CREATE TABLE identity.quarantined_row (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    row_number integer NOT NULL,        -- line in the file, the heading is line 1
    content bytea NOT NULL,
    destroy_after_date date NOT NULL,
    PRIMARY KEY (round_id, municipality_code, row_number)
);

CREATE TABLE identity.citizen (
    round_id text NOT NULL REFERENCES rounds.round,
    person_id uuid NOT NULL,
    municipality_code text NOT NULL,
    cpr bytea NOT NULL,
    cpr_lookup bytea NOT NULL,          -- keyed HMAC
    name bytea,
    mobile bytea,
    address bytea,
    is_address_protected boolean NOT NULL DEFAULT false,
    PRIMARY KEY (round_id, person_id),
    UNIQUE (round_id, cpr_lookup)
);

-- frame -------------------------------------------------------------------------------------------------------------

CREATE TABLE frame.extract (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('imported', 'missing', 'refused')),
    outcome_text text,                  -- Danish, for operations: why it is missing or was refused
    file_sha256 text,
    encoding text,
    delimiter text,
    source_system text,
    row_count integer NOT NULL DEFAULT 0,
    eligible_count integer NOT NULL DEFAULT 0,
    ineligible_count integer NOT NULL DEFAULT 0,
    quarantined_count integer NOT NULL DEFAULT 0,
    PRIMARY KEY (round_id, municipality_code)
);

CREATE TABLE frame.spell (              -- one row per row of an extract that could be read
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    row_number integer NOT NULL,
    person_id uuid NOT NULL,
    sex text NOT NULL,
    age_years integer NOT NULL,         -- at the key date
    benefit_code text NOT NULL,
    visitation_code text,
    lab_code text NOT NULL,
    spell_start_date date NOT NULL,
    spell_end_date date,
    support_start_date date,            -- start of continuous public support where known
    is_deceased_or_emigrated boolean NOT NULL DEFAULT false,
    language text,
    has_mobile boolean NOT NULL DEFAULT false,
    local_1 text, local_2 text, local_3 text,
    subgroup text,
    target_group text,
    support_days integer,
    is_eligible boolean,                -- NULL until decided
    ineligibility_reason text,
    PRIMARY KEY (round_id, municipality_code, row_number)
);

CREATE TABLE frame.row_error (          -- never the offending value
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    row_number integer NOT NULL,
    column_name text NOT NULL,
    expectation text NOT NULL,
    message text NOT NULL,              -- Danish
    PRIMARY KEY (round_id, municipality_code, row_number, column_name, expectation)
);

CREATE TABLE frame.expectation_result (
    round_id text NOT NULL REFERENCES rounds.round,
    suite text NOT NULL,
    expectation text NOT NULL,
    column_name text NOT NULL,
    is_met boolean NOT NULL,
    checked_count integer NOT NULL,
    unexpected_count integer NOT NULL,
    PRIMARY KEY (round_id, suite, expectation, column_name)
);

CREATE TABLE frame.person (             -- the population: eligible people, one row each
    round_id text NOT NULL REFERENCES rounds.round,
    person_id uuid NOT NULL,
    municipality_code text NOT NULL,
    sex text NOT NULL,                  -- kvinde | mand
    age_years integer NOT NULL,
    age_group text NOT NULL,            -- under_30 | 30_49 | 50_plus
    subgroup text NOT NULL,
    target_group text NOT NULL,
    benefit_code text NOT NULL,
    spell_start_date date NOT NULL,
    spell_end_date date,
    language text,
    has_mobile boolean NOT NULL,
    local_1 text, local_2 text, local_3 text,
    PRIMARY KEY (round_id, person_id)
);

-- sampling ------------------------------------------------------------------------------------------------------------

CREATE TABLE sampling.draw (
    round_id text PRIMARY KEY REFERENCES rounds.round,
    seed bigint NOT NULL,
    frame_hash text NOT NULL,
    sample_hash text NOT NULL,
    population_n integer NOT NULL,
    sampled_n integer NOT NULL
);

CREATE TABLE sampling.allocation (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    stratum_id text NOT NULL,
    sex text NOT NULL,
    age_group text NOT NULL,
    population_n integer NOT NULL,
    allocated_n integer NOT NULL CHECK (allocated_n BETWEEN 0 AND population_n),
    PRIMARY KEY (round_id, stratum_id)
);

CREATE TABLE sampling.sample (
    round_id text NOT NULL REFERENCES rounds.round,
    person_id uuid NOT NULL,
    municipality_code text NOT NULL,
    stratum_id text NOT NULL,
    selection_probability double precision NOT NULL CHECK (selection_probability > 0 AND selection_probability <= 1),
    PRIMARY KEY (round_id, person_id)
);

CREATE TABLE sampling.balance (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    target_group text NOT NULL,
    population_n integer NOT NULL,
    sampled_n integer NOT NULL,
    population_share double precision NOT NULL,
    sample_share double precision NOT NULL,
    PRIMARY KEY (round_id, municipality_code, target_group)
);

-- link: who has which form ----------------------------------------------------------------------------------------------

CREATE TABLE link.access (
    round_id text NOT NULL REFERENCES rounds.round,
    person_id uuid NOT NULL,
    response_id uuid NOT NULL UNIQUE,
    token_hash bytea NOT NULL UNIQUE,   -- keyed hash of the link's token
    code_hash bytea NOT NULL UNIQUE,    -- keyed hash of the typed code
    PRIMARY KEY (round_id, person_id)
);

-- fieldwork -----------------------------------------------------------------------------------------------------------

CREATE TABLE fieldwork.message (
    round_id text NOT NULL REFERENCES rounds.round,
    person_id uuid NOT NULL,
    wave smallint NOT NULL CHECK (wave BETWEEN 1 AND 3),
    slot text NOT NULL CHECK (slot IN ('main', 'sms')),
    municipality_code text NOT NULL,
    message_id uuid NOT NULL UNIQUE,
    transaction_id uuid NOT NULL UNIQUE,
    due_date date NOT NULL,
    channel text CHECK (channel IN ('digital_post', 'sms', 'letter')),
    state text NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'claimed', 'sending', 'accepted', 'rejected', 'unknown',
                         'delivered', 'failed', 'cancelled', 'no_receipt')),
    reason text,
    attempt smallint NOT NULL DEFAULT 0,
    unsent_attempt smallint NOT NULL DEFAULT 0,     -- the last attempt that surely did not reach a gateway
    lease_until timestamptz,            -- by the database's clock
    lease_owner text,
    sent_at timestamptz,                -- by the round's clock
    accepted_at timestamptz,
    final_at timestamptz,
    PRIMARY KEY (round_id, person_id, wave, slot),
    CHECK (state IN ('planned', 'claimed', 'cancelled', 'failed') OR channel IS NOT NULL)
);
CREATE INDEX message_planned_idx ON fieldwork.message (round_id, municipality_code, slot, wave, person_id)
    WHERE state = 'planned';
CREATE INDEX message_in_flight_idx ON fieldwork.message (round_id, municipality_code, lease_until)
    WHERE state IN ('claimed', 'sending', 'rejected', 'unknown');

CREATE TABLE fieldwork.receipt (
    receipt_id text PRIMARY KEY,
    message_id uuid NOT NULL,
    status text NOT NULL,
    reason text,
    occurred_at timestamptz NOT NULL,
    is_known boolean NOT NULL           -- false: quarantined, no message has this id
);

CREATE TABLE fieldwork.opt_out (
    round_id text NOT NULL REFERENCES rounds.round,
    person_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('opted_out', 'dead', 'moved', 'withdrawn')),
    known_at timestamptz NOT NULL,
    PRIMARY KEY (round_id, person_id)
);

CREATE TABLE fieldwork.dry_run (        -- what the approver sees, one row per round
    round_id text PRIMARY KEY REFERENCES rounds.round,
    content_hash text NOT NULL,
    counts jsonb NOT NULL
);

CREATE TABLE fieldwork.preview (        -- letters as the approver reads them: real texts, invented recipients
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    occasion text NOT NULL,             -- example, or the edge case: longest_name | protected_address | …
    wave smallint NOT NULL,
    channel text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    sms_part_count integer,
    PRIMARY KEY (round_id, municipality_code, occasion, wave, channel)
);

CREATE TABLE fieldwork.municipality_text (  -- a municipality's own words; data, never a template
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    sender_name text NOT NULL,
    sms_sender text NOT NULL CHECK (sms_sender ~ '^[A-Za-z0-9]{1,11}$'),
    contact_name text NOT NULL,
    contact_phone text NOT NULL,
    contact_email text NOT NULL,
    contact_hours text NOT NULL,
    dpo_contact text NOT NULL,
    local_paragraph text NOT NULL DEFAULT '',
    logo_url text NOT NULL DEFAULT '',
    PRIMARY KEY (round_id, municipality_code)
);

CREATE TABLE fieldwork.design (         -- the randomised reminder arms; no row: every reminder has its SMS
    round_id text PRIMARY KEY REFERENCES rounds.round,
    sms_share double precision NOT NULL CHECK (sms_share BETWEEN 0 AND 1)
);

CREATE TABLE fieldwork.arm (            -- drawn by the round's seed before anything is sent
    round_id text NOT NULL REFERENCES rounds.round,
    person_id uuid NOT NULL,
    arm text NOT NULL CHECK (arm IN ('with_sms', 'without_sms')),
    PRIMARY KEY (round_id, person_id)
);

CREATE TABLE fieldwork.receipt_cursor ( -- how far each gateway's receipts have been read; moves with the receipts
    gateway text PRIMARY KEY,
    position bigint NOT NULL
);

CREATE TABLE fieldwork.broken_receipt ( -- could not be read: kept by its hash and reason, never dropped in silence
    gateway text NOT NULL,
    position bigint NOT NULL,
    content_sha256 text NOT NULL,
    problem text NOT NULL,
    PRIMARY KEY (gateway, position)
);

CREATE TABLE fieldwork.audit (          -- who did what by hand
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id text NOT NULL,
    happened_at timestamptz NOT NULL,
    operator text NOT NULL,
    action text NOT NULL,
    person_id uuid,
    note text NOT NULL DEFAULT ''
);

-- answers: no name, CPR, phone, token or precise time -------------------------------------------------------------------

CREATE TABLE answers.form (
    response_id uuid PRIMARY KEY,
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    target_group text NOT NULL,         -- what routing needs of the register, nothing more
    subgroup text NOT NULL,
    questionnaire_version text NOT NULL,
    language text NOT NULL DEFAULT 'da',
    state text NOT NULL DEFAULT 'unopened'
        CHECK (state IN ('unopened', 'started', 'completed', 'deleted')),
    revision integer NOT NULL DEFAULT 0,    -- grows by one at every change: the watermark of collection
    page_id text,                       -- where to resume
    started_date date,
    last_saved_date date,
    completed_date date,
    duration_seconds integer NOT NULL DEFAULT 0,
    page_count integer NOT NULL DEFAULT 0,
    device_class text,
    receipt_hash bytea UNIQUE
);
CREATE INDEX form_round_idx ON answers.form (round_id, state);

CREATE TABLE answers.page_save (
    response_id uuid NOT NULL REFERENCES answers.form ON DELETE CASCADE,
    idempotency_key uuid NOT NULL,
    page_id text NOT NULL,
    PRIMARY KEY (response_id, idempotency_key)
);

CREATE TABLE answers.answer (
    response_id uuid NOT NULL REFERENCES answers.form ON DELETE CASCADE,
    item_id text NOT NULL,
    choices text[] NOT NULL,            -- codes of the scale: '5'…'1', 'dk', or of the options
    PRIMARY KEY (response_id, item_id)
);

CREATE TABLE answers.open_answer (
    response_id uuid NOT NULL REFERENCES answers.form ON DELETE CASCADE,
    item_id text NOT NULL,
    answer_text text NOT NULL,
    PRIMARY KEY (response_id, item_id)
);

-- responses -------------------------------------------------------------------------------------------------------------

CREATE TABLE responses.batch (
    round_id text NOT NULL REFERENCES rounds.round,
    batch_number integer NOT NULL,
    collected_count integer NOT NULL,
    quarantined_count integer NOT NULL,
    PRIMARY KEY (round_id, batch_number)
);

CREATE TABLE responses.response (
    round_id text NOT NULL REFERENCES rounds.round,
    response_id uuid NOT NULL,
    revision integer NOT NULL,
    batch_number integer NOT NULL,
    municipality_code text NOT NULL,
    sex text NOT NULL,
    age_group text NOT NULL,
    subgroup text NOT NULL,
    target_group text NOT NULL,
    status text,                        -- igangvaerende | afsluttet, the respondent's own answer
    duration_group text,                -- start of latest benefit to close date; only when status is igangvaerende
    local_1 text, local_2 text, local_3 text,
    completeness text NOT NULL CHECK (completeness IN ('complete', 'partial', 'none')),
    is_quarantined boolean NOT NULL DEFAULT false,
    quarantine_reason text,
    is_late boolean NOT NULL DEFAULT false,
    started_date date NOT NULL,
    submitted_date date,
    duration_minutes double precision,
    PRIMARY KEY (round_id, response_id)
);

CREATE TABLE responses.answer (
    round_id text NOT NULL,
    response_id uuid NOT NULL,
    item_id text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('valid', 'dont_know', 'not_asked', 'broken_off')),
    score smallint CHECK (score BETWEEN 1 AND 5),
    choices text[],
    PRIMARY KEY (round_id, response_id, item_id),
    FOREIGN KEY (round_id, response_id) REFERENCES responses.response ON DELETE CASCADE
);

CREATE TABLE responses.open_answer (    -- scrubbed of what looks like a person; the written text stays in answers
    round_id text NOT NULL,
    response_id uuid NOT NULL,
    item_id text NOT NULL,
    scrubbed_text text NOT NULL,
    removed_count integer NOT NULL,
    PRIMARY KEY (round_id, response_id, item_id),
    FOREIGN KEY (round_id, response_id) REFERENCES responses.response ON DELETE CASCADE
);

CREATE TABLE responses.expectation_result (
    round_id text NOT NULL REFERENCES rounds.round,
    suite text NOT NULL,
    expectation text NOT NULL,
    column_name text NOT NULL,
    is_met boolean NOT NULL,
    checked_count integer NOT NULL,
    unexpected_count integer NOT NULL,
    PRIMARY KEY (round_id, suite, expectation, column_name)
);

CREATE TABLE responses.release (        -- a quarantined response that a person has looked at and let out, as it was then
    round_id text NOT NULL REFERENCES rounds.round,
    response_id uuid NOT NULL,
    revision integer NOT NULL,
    released_by text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (round_id, response_id)
);

CREATE TABLE responses.disposition (    -- one row per sampled person; sums to the sample
    round_id text NOT NULL,
    person_id uuid NOT NULL,
    disposition text NOT NULL,
    PRIMARY KEY (round_id, person_id),
    FOREIGN KEY (round_id, person_id) REFERENCES sampling.sample
);

CREATE TABLE responses.snapshot (       -- the frozen answers everything after is computed from
    round_id text PRIMARY KEY REFERENCES rounds.round,
    snapshot_id text NOT NULL UNIQUE,   -- hash of responses and answers
    response_count integer NOT NULL,
    complete_count integer NOT NULL,
    partial_count integer NOT NULL,
    sampled_count integer NOT NULL
);

-- weighting -------------------------------------------------------------------------------------------------------------

CREATE TABLE weighting.population_cell (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    sex text NOT NULL,
    age_group text NOT NULL,
    target_group text NOT NULL,
    population_n integer NOT NULL,
    respondent_n integer NOT NULL,
    cell_id text,                       -- NULL: the municipality has no answers and is left out
    PRIMARY KEY (round_id, municipality_code, sex, age_group, target_group)
);

CREATE TABLE weighting.collapse (
    round_id text NOT NULL REFERENCES rounds.round,
    step integer NOT NULL,
    municipality_code text NOT NULL,
    merged_cells text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (round_id, step)
);

CREATE TABLE weighting.weight (
    round_id text NOT NULL,
    response_id uuid NOT NULL,
    cell_id text NOT NULL,
    weight double precision NOT NULL CHECK (weight > 0),
    PRIMARY KEY (round_id, response_id),
    FOREIGN KEY (round_id, response_id) REFERENCES responses.response
);

CREATE TABLE weighting.diagnostic (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,    -- or 'alle'
    respondent_n integer NOT NULL,
    population_n integer NOT NULL,
    weight_sum double precision NOT NULL,
    design_effect double precision NOT NULL,
    effective_n double precision NOT NULL,
    PRIMARY KEY (round_id, municipality_code)
);

-- estimation: every number to be published is one row ----------------------------------------------------------------------

CREATE TABLE estimation.figure (
    figure_id text NOT NULL,            -- round|municipality|item|measure|category|domain|group
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,    -- or 'alle'
    item_id text NOT NULL,              -- an item, a category of items, or 'response'
    measure text NOT NULL,              -- mean | share | top2 | option_share | response_rate | count …
    category text NOT NULL DEFAULT '',  -- the answer or option of a share
    domain text NOT NULL,               -- all | target_group | duration | status | sex | age_group
    domain_group text NOT NULL DEFAULT '',
    valid_n integer,
    dont_know_n integer,
    not_asked_n integer,
    broken_off_n integer,
    weighted_base double precision,
    value double precision,
    standard_error double precision,
    degrees_of_freedom double precision,
    lower double precision,
    upper double precision,
    no_interval_reason text,
    difference_to_all double precision,
    difference_to_all_se double precision,
    difference_to_rest double precision,
    difference_to_rest_se double precision,
    difference_to_rest_p double precision,
    is_different_from_rest boolean NOT NULL DEFAULT false,  -- survives Benjamini-Hochberg within the report
    difference_to_previous double precision,                -- from the published round before, where counted alike
    difference_to_previous_se double precision,
    difference_to_previous_p double precision,
    is_different_from_previous boolean NOT NULL DEFAULT false,
    is_uncertain boolean NOT NULL DEFAULT false,
    is_suppressed boolean NOT NULL DEFAULT false,
    suppression_reason text,
    snapshot_id text NOT NULL,
    code_version text NOT NULL,
    PRIMARY KEY (figure_id),
    CHECK (NOT is_suppressed OR (value IS NULL AND standard_error IS NULL AND lower IS NULL AND upper IS NULL
           AND valid_n IS NULL AND dont_know_n IS NULL AND not_asked_n IS NULL AND broken_off_n IS NULL
           AND weighted_base IS NULL AND difference_to_all IS NULL AND difference_to_rest IS NULL
           AND difference_to_previous IS NULL
           AND suppression_reason IS NOT NULL))
);
CREATE INDEX figure_report_idx ON estimation.figure (round_id, municipality_code, item_id);

CREATE TABLE estimation.suppression (   -- why a cell is withheld; never published, because the reason itself can tell
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    item_id text NOT NULL,              -- an item, a category, 'response', 'population' or 'sampled'
    domain text NOT NULL,
    domain_group text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('few_answers', 'one_category', 'complementary')),
    PRIMARY KEY (round_id, municipality_code, item_id, domain, domain_group)
);

-- reporting and publication ------------------------------------------------------------------------------------------------

CREATE TABLE reporting.artefact (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,    -- or 'alle'
    kind text NOT NULL,                 -- pdf
    file_name text NOT NULL,            -- below <output>/<round_id>/
    file_sha256 text NOT NULL,
    page_count integer,
    snapshot_id text NOT NULL,
    PRIMARY KEY (round_id, municipality_code, kind)
);

CREATE TABLE publication.artefact (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    kind text NOT NULL,
    file_name text NOT NULL,
    file_sha256 text NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (round_id, municipality_code, kind)
);
CREATE TABLE publication.figure (LIKE estimation.figure INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE publication.figure ADD PRIMARY KEY (figure_id);

-- Whoever reads publication sees its own municipality and all participating; the setting is made by the reader's session.
ALTER TABLE publication.artefact ENABLE ROW LEVEL SECURITY;
ALTER TABLE publication.artefact FORCE ROW LEVEL SECURITY;
ALTER TABLE publication.figure ENABLE ROW LEVEL SECURITY;
ALTER TABLE publication.figure FORCE ROW LEVEL SECURITY;
CREATE POLICY own_municipality ON publication.artefact FOR SELECT
    USING (municipality_code IN ('alle', current_setting('borgerpuls.municipality', true)));
CREATE POLICY own_municipality ON publication.figure FOR SELECT
    USING (municipality_code IN ('alle', current_setting('borgerpuls.municipality', true)));
CREATE POLICY publisher ON publication.artefact TO borgerpuls_publication USING (true) WITH CHECK (true);
CREATE POLICY publisher ON publication.figure TO borgerpuls_publication USING (true) WITH CHECK (true);

-- What each stage may read and write -------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA rounds TO borgerpuls_rounds, borgerpuls_frame, borgerpuls_sampling, borgerpuls_fieldwork,
    borgerpuls_questionnaire, borgerpuls_responses, borgerpuls_weighting, borgerpuls_estimation, borgerpuls_reporting,
    borgerpuls_publication, borgerpuls_retention;
GRANT SELECT ON ALL TABLES IN SCHEMA rounds TO borgerpuls_frame, borgerpuls_sampling, borgerpuls_fieldwork,
    borgerpuls_questionnaire, borgerpuls_responses, borgerpuls_weighting, borgerpuls_estimation, borgerpuls_reporting,
    borgerpuls_publication, borgerpuls_retention;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA rounds TO borgerpuls_rounds;
GRANT INSERT ON rounds.approval TO borgerpuls_fieldwork;
GRANT UPDATE (state, is_paused, pause_reason) ON rounds.round TO borgerpuls_fieldwork;
GRANT UPDATE (state) ON rounds.round TO borgerpuls_responses, borgerpuls_publication;

GRANT USAGE ON SCHEMA frame, identity TO borgerpuls_frame;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA frame TO borgerpuls_frame;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA identity TO borgerpuls_frame;

GRANT USAGE ON SCHEMA sampling, frame TO borgerpuls_sampling;
GRANT SELECT ON ALL TABLES IN SCHEMA frame TO borgerpuls_sampling;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sampling TO borgerpuls_sampling;
GRANT USAGE ON SCHEMA fieldwork TO borgerpuls_sampling;
GRANT SELECT (round_id) ON fieldwork.message TO borgerpuls_sampling;

GRANT USAGE ON SCHEMA fieldwork, link, identity, sampling, frame, answers TO borgerpuls_fieldwork;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fieldwork, link TO borgerpuls_fieldwork;
REVOKE UPDATE, DELETE ON fieldwork.audit FROM borgerpuls_fieldwork;
GRANT SELECT ON identity.citizen, identity.data_key TO borgerpuls_fieldwork;
GRANT SELECT ON ALL TABLES IN SCHEMA sampling, frame TO borgerpuls_fieldwork;
GRANT SELECT (response_id, round_id, state, revision), INSERT ON answers.form TO borgerpuls_fieldwork;

GRANT USAGE ON SCHEMA answers, link TO borgerpuls_questionnaire;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA answers TO borgerpuls_questionnaire;
GRANT SELECT (round_id, response_id, token_hash, code_hash) ON link.access TO borgerpuls_questionnaire;

GRANT USAGE ON SCHEMA responses, answers, link, sampling, frame, fieldwork TO borgerpuls_responses;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA responses TO borgerpuls_responses;
GRANT SELECT ON answers.form, answers.answer, answers.open_answer TO borgerpuls_responses;
GRANT SELECT (round_id, person_id, response_id) ON link.access TO borgerpuls_responses;
GRANT SELECT ON ALL TABLES IN SCHEMA sampling, frame, fieldwork TO borgerpuls_responses;

GRANT USAGE ON SCHEMA weighting, responses, frame TO borgerpuls_weighting;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA weighting TO borgerpuls_weighting;
GRANT SELECT ON ALL TABLES IN SCHEMA responses, frame TO borgerpuls_weighting;

GRANT USAGE ON SCHEMA estimation, weighting, responses, sampling, frame, fieldwork TO borgerpuls_estimation;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA estimation TO borgerpuls_estimation;
GRANT SELECT ON ALL TABLES IN SCHEMA weighting, responses, sampling, frame TO borgerpuls_estimation;

-- Reports read figures, never answers.
GRANT USAGE ON SCHEMA reporting, estimation TO borgerpuls_reporting;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reporting TO borgerpuls_reporting;
GRANT SELECT ON ALL TABLES IN SCHEMA estimation TO borgerpuls_reporting;
REVOKE ALL ON estimation.suppression FROM borgerpuls_reporting;

GRANT USAGE ON SCHEMA publication, reporting, estimation TO borgerpuls_publication;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA publication TO borgerpuls_publication;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting, estimation TO borgerpuls_publication;
REVOKE ALL ON estimation.suppression FROM borgerpuls_publication;
