-- Open answers that a person has approved for publication, and the one view of them that reports may read.
--
-- responses.approved_open_answer (round_id, municipality_code, item_id, text): texts of a frozen round that a person has
-- approved, from municipalities where at least ten citizens wrote something to that question. It has no response_id, no
-- group and no date, and its order is that of a hash, so that neither who wrote nor when can be read off it
-- (docs/decisions, approved open answers).

CREATE TABLE responses.open_answer_decision (   -- append-only: the last row of a text decides
    decision_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id text NOT NULL REFERENCES rounds.round,
    response_id uuid NOT NULL,
    item_id text NOT NULL,
    text_sha256 bytea NOT NULL,         -- of the scrubbed text as it was read; another text needs another decision
    decision text NOT NULL CHECK (decision IN ('approved', 'declined')),
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX open_answer_decision_idx ON responses.open_answer_decision (round_id, response_id, item_id, decision_number);

CREATE VIEW responses.readable_open_answer AS
SELECT o.round_id, r.municipality_code, o.item_id, o.response_id, o.scrubbed_text,
       left(encode(sha256(convert_to(o.response_id || '|' || o.item_id, 'UTF8')), 'hex'), 12) AS reference,
       count(*) OVER (PARTITION BY o.round_id, r.municipality_code, o.item_id) AS writer_count,
       d.decision, d.decided_by, d.decided_at
  FROM responses.open_answer o
  JOIN responses.response r USING (round_id, response_id)
  JOIN responses.snapshot s USING (round_id)
  LEFT JOIN LATERAL (
       SELECT e.decision, e.decided_by, e.decided_at
         FROM responses.open_answer_decision e
        WHERE e.round_id = o.round_id AND e.response_id = o.response_id AND e.item_id = o.item_id
          AND e.text_sha256 = sha256(convert_to(o.scrubbed_text, 'UTF8'))
        ORDER BY e.decision_number DESC
        LIMIT 1) d ON true
 WHERE r.completeness <> 'none' AND NOT r.is_quarantined AND o.scrubbed_text <> '';

CREATE VIEW responses.approved_open_answer WITH (security_barrier) AS
SELECT round_id, municipality_code, item_id, scrubbed_text AS text
  FROM responses.readable_open_answer
 WHERE decision = 'approved' AND writer_count >= 10
 ORDER BY round_id, municipality_code, item_id, sha256(convert_to(scrubbed_text, 'UTF8'));

GRANT SELECT, INSERT ON responses.open_answer_decision TO borgerpuls_responses;
GRANT SELECT ON responses.readable_open_answer, responses.approved_open_answer TO borgerpuls_responses;
GRANT USAGE ON SCHEMA responses TO borgerpuls_reporting;
GRANT SELECT ON responses.approved_open_answer TO borgerpuls_reporting;
