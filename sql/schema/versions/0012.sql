-- Wrong codes and receipt numbers, counted for all web processes together; a row counts for a quarter of an hour.
CREATE UNLOGGED TABLE link.wrong_try (
    address_hash bytea NOT NULL,        -- keyed: the address cannot be found from it without the key outside the database
    tried_at timestamptz NOT NULL       -- by the database's clock
);
CREATE INDEX wrong_try_address_idx ON link.wrong_try (address_hash, tried_at);
CREATE INDEX wrong_try_time_idx ON link.wrong_try (tried_at);
GRANT SELECT, INSERT, DELETE ON link.wrong_try TO borgerpuls_questionnaire;
