-- What an approval is of, municipality by municipality: so that sending in one of them need not read the whole round.

CREATE TABLE rounds.approved_content (  -- append-only: one row per municipality of an approval
    round_id text NOT NULL,
    content_hash text NOT NULL,
    municipality_code text NOT NULL,
    municipality_hash text NOT NULL,    -- of its people, texts, dates and arms, and of the round's dates and templates
    PRIMARY KEY (round_id, content_hash, municipality_code),
    FOREIGN KEY (round_id, content_hash) REFERENCES rounds.approval
);

GRANT SELECT ON rounds.approved_content TO borgerpuls_rounds, borgerpuls_frame, borgerpuls_sampling,
    borgerpuls_responses, borgerpuls_estimation;
GRANT SELECT, INSERT ON rounds.approved_content TO borgerpuls_fieldwork;
