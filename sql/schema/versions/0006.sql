-- Versions of what is published. A correction puts new versions beside the old ones, a retraction none; what was published
-- before stays, marked as withdrawn, and its file stays in the store under its hash. Who decided and why is append-only.

ALTER TABLE reporting.artefact
    ADD COLUMN byte_count integer,
    ADD COLUMN figures_hash text,           -- the figures it was drawn from (see reporting.figures_hash)
    ADD CHECK (kind IN ('pdf', 'memo_docx', 'memo_pdf', 'deck', 'workbook'));

CREATE FUNCTION reporting.figures_hash(of_round text, of_municipality text) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT md5(string_agg(figure::text, E'\n' ORDER BY figure_id))
        FROM estimation.figure
        WHERE figure.round_id = of_round AND figure.municipality_code IN (of_municipality, 'alle'));

CREATE TABLE publication.decision (         -- a correction or a retraction of one municipality's publication
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,        -- or 'alle'
    act text NOT NULL CHECK (act IN ('correct', 'retract')),
    decided_by text NOT NULL CHECK (decided_by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    decided_at timestamptz NOT NULL
);

CREATE TABLE publication.change (           -- which published figures a decision changed, from what to what
    decision_id bigint NOT NULL REFERENCES publication.decision,
    municipality_code text NOT NULL,
    figure_id text NOT NULL,
    state_before text NOT NULL CHECK (state_before IN ('shown', 'withheld', 'absent')),
    state_after text NOT NULL CHECK (state_after IN ('shown', 'withheld', 'absent')),
    value_before double precision,          -- empty when the figure is withheld afterwards: the list must not tell it
    value_after double precision,
    valid_n_before integer,
    valid_n_after integer,
    PRIMARY KEY (decision_id, figure_id),
    CHECK (state_after <> 'withheld' OR (value_before IS NULL AND value_after IS NULL
           AND valid_n_before IS NULL AND valid_n_after IS NULL)),
    CHECK (state_before <> 'withheld' OR (value_before IS NULL AND valid_n_before IS NULL))
);

ALTER TABLE publication.artefact
    ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    ADD COLUMN state text NOT NULL DEFAULT 'current' CHECK (state IN ('current', 'withdrawn')),
    ADD COLUMN snapshot_id text,
    ADD COLUMN brought_by bigint REFERENCES publication.decision,     -- the correction; empty for a first publication
    ADD COLUMN withdrawn_by bigint REFERENCES publication.decision,
    ADD CHECK (kind IN ('pdf', 'memo_docx', 'memo_pdf', 'deck', 'workbook')),
    ADD CHECK ((state = 'withdrawn') = (withdrawn_by IS NOT NULL)),
    DROP CONSTRAINT artefact_pkey,
    ADD PRIMARY KEY (round_id, municipality_code, kind, version);
ALTER TABLE publication.artefact ALTER COLUMN version DROP DEFAULT;
CREATE UNIQUE INDEX artefact_current_idx ON publication.artefact (round_id, municipality_code, kind)
    WHERE state = 'current';
CREATE INDEX artefact_hash_idx ON publication.artefact (file_sha256);

ALTER TABLE publication.decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE publication.decision FORCE ROW LEVEL SECURITY;
ALTER TABLE publication.change ENABLE ROW LEVEL SECURITY;
ALTER TABLE publication.change FORCE ROW LEVEL SECURITY;
CREATE POLICY own_municipality ON publication.decision FOR SELECT
    USING (municipality_code IN ('alle', current_setting('borgerpuls.municipality', true)));
CREATE POLICY own_municipality ON publication.change FOR SELECT
    USING (municipality_code IN ('alle', current_setting('borgerpuls.municipality', true)));
CREATE POLICY publisher ON publication.decision TO borgerpuls_publication USING (true) WITH CHECK (true);
CREATE POLICY publisher ON publication.change TO borgerpuls_publication USING (true) WITH CHECK (true);

-- Nothing that was published or decided is deleted, and a version changes only by being withdrawn.
GRANT SELECT, INSERT ON publication.decision, publication.change TO borgerpuls_publication;
REVOKE UPDATE, DELETE ON publication.artefact FROM borgerpuls_publication;
GRANT UPDATE (state, withdrawn_by) ON publication.artefact TO borgerpuls_publication;
