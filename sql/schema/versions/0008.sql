-- Reports that are not drawn because figures of their municipality contradict each other; the others go on. And the attacker
-- reads what has been published before.

CREATE TABLE estimation.stopped_report (
    round_id text NOT NULL REFERENCES rounds.round,
    municipality_code text NOT NULL,
    sentence text NOT NULL,             -- what does not hold; names the figure
    PRIMARY KEY (round_id, municipality_code, sentence)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON estimation.stopped_report TO borgerpuls_estimation;
GRANT SELECT ON estimation.stopped_report TO borgerpuls_reporting, borgerpuls_publication;

GRANT USAGE ON SCHEMA publication TO borgerpuls_estimation;
GRANT SELECT ON publication.figure TO borgerpuls_estimation;
CREATE POLICY attacker ON publication.figure FOR SELECT TO borgerpuls_estimation USING (true);
