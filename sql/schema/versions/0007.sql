-- A municipality's greeting and logo on the first page of its report.

CREATE TABLE reporting.municipality_greeting (
    round_id text NOT NULL,
    municipality_code text NOT NULL,
    greeting text NOT NULL CHECK (char_length(greeting) <= 200),
    logo bytea,                          -- PNG, drawn anew by us; never the file that came
    PRIMARY KEY (round_id, municipality_code),
    FOREIGN KEY (round_id, municipality_code) REFERENCES rounds.municipality
);

GRANT SELECT, INSERT, UPDATE, DELETE ON reporting.municipality_greeting TO borgerpuls_reporting;
