-- What a report prints beside its own round's numbers: earlier figures, how they developed, what goes the wrong way, and
-- why a number that one could expect is not there. The contract: docs/figures/README.md.

CREATE TABLE estimation.source (         -- one import of figures that somebody else published
    source_id text PRIMARY KEY CHECK (source_id ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
    kind text NOT NULL CHECK (kind IN ('imported', 'reference')),
    period text NOT NULL CHECK (period ~ '^[0-9]{4}-[12]$'),
    period_name text NOT NULL,
    title text NOT NULL,                 -- Danish: the report they were printed in
    participants text NOT NULL,          -- Danish: who 'alle' is in it
    municipality_codes text[] NOT NULL,  -- of 'alle', where it is known; else empty
    codebook_version text NOT NULL,
    questionnaire_version text NOT NULL,
    consent text,                        -- of a reference municipality: who agreed and when; never which municipality
    candidate_n integer,                 -- among how many municipalities a reference is one
    imported_at timestamptz NOT NULL,
    CHECK (kind <> 'reference' OR (consent IS NOT NULL AND candidate_n >= 3))
);

CREATE TABLE estimation.imported_figure (
    source_id text NOT NULL REFERENCES estimation.source ON DELETE CASCADE,
    municipality_code text NOT NULL,     -- a municipality's, 'alle', or 'reference'
    item_id text NOT NULL,
    measure text NOT NULL,
    category text NOT NULL DEFAULT '',
    domain text NOT NULL DEFAULT 'all',
    domain_group text NOT NULL DEFAULT '',
    value double precision NOT NULL,
    standard_error double precision,     -- only where it was published: without it nothing is tested
    degrees_of_freedom double precision,
    lower double precision,
    upper double precision,
    valid_n integer,
    PRIMARY KEY (source_id, municipality_code, item_id, measure, category, domain, domain_group)
);

CREATE TABLE estimation.trend_point (    -- one number in one period, as the report of round_id prints it; the last is its own
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,     -- or 'alle'; the points of a reference municipality stand under 'reference'
    item_id text NOT NULL,
    measure text NOT NULL,               -- mean | category_mean | top2 | response_rate | complete_rate
    domain text NOT NULL,                -- all | target_group
    domain_group text NOT NULL DEFAULT '',
    period text NOT NULL,                -- 2023-2; sorts in time
    period_name text NOT NULL,           -- 2. halvår 2023
    kind text NOT NULL CHECK (kind IN ('round', 'imported', 'reference')),
    source text NOT NULL,                -- a round's id, or a source's
    source_title text NOT NULL,
    value double precision,
    lower double precision,
    upper double precision,
    valid_n integer,
    is_uncertain boolean NOT NULL DEFAULT false,
    is_suppressed boolean NOT NULL DEFAULT false,
    is_break_before boolean NOT NULL DEFAULT false,  -- not comparable with the point before it: draw no line, print no development
    break_reason text,                   -- Danish sentence
    PRIMARY KEY (round_id, municipality_code, item_id, measure, domain, domain_group, period, kind, source),
    CHECK (NOT is_suppressed OR (value IS NULL AND lower IS NULL AND upper IS NULL AND valid_n IS NULL)),
    CHECK (is_break_before = (break_reason IS NOT NULL))
);

CREATE TABLE estimation.alarm (          -- a figure that has gone the wrong way, by the rule of estimation/alarm.py
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    item_id text NOT NULL,
    measure text NOT NULL,
    previous_period text NOT NULL,
    previous_value double precision NOT NULL,
    value double precision NOT NULL,
    difference double precision NOT NULL,
    p_value double precision NOT NULL,   -- one-sided, adjusted over the watched figures of the municipality
    false_alarm_rate double precision NOT NULL,
    watched_n integer NOT NULL,
    sentence text NOT NULL,              -- Danish
    PRIMARY KEY (round_id, municipality_code, item_id, measure)
);

CREATE TABLE estimation.notice (         -- why something a reader could expect is not shown, as a sentence to print
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,     -- or 'alle'
    item_id text NOT NULL DEFAULT '',
    domain text NOT NULL DEFAULT '',
    code text NOT NULL,                  -- see estimation/notices.py
    sentence text NOT NULL,              -- Danish; names no number that is withheld
    PRIMARY KEY (round_id, municipality_code, item_id, domain, code)
);

CREATE TABLE estimation.merged_cell (    -- the collapse log as it may be printed: which cells were weighted together, without counts
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    cell_number integer NOT NULL,        -- 1, 2, … within the municipality
    description text NOT NULL,           -- Danish: the cells that became one
    merged_n integer NOT NULL,           -- of how many cells it was made
    PRIMARY KEY (round_id, municipality_code, cell_number)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON estimation.source, estimation.imported_figure, estimation.trend_point,
    estimation.alarm, estimation.notice, estimation.merged_cell TO borgerpuls_estimation;
GRANT SELECT ON estimation.source, estimation.imported_figure, estimation.trend_point, estimation.alarm,
    estimation.notice, estimation.merged_cell TO borgerpuls_reporting, borgerpuls_publication;
