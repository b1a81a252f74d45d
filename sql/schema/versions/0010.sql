-- Each round has a key of its own outside the database, from which follow what seals its identities, the ids of its people
-- and whose a form is (vault.py). No copy of the database tells any of it when that key is destroyed.

DO $$
BEGIN
    IF EXISTS (SELECT FROM rounds.round r
               WHERE r.state IN ('open', 'approved')
                  OR (r.state = 'closed' AND NOT EXISTS (SELECT FROM responses.snapshot s WHERE s.round_id = r.round_id))) THEN
        RAISE EXCEPTION 'A round is under way whose keys are of the old kind. Migrate when its answers are closed and frozen. '
            'Stop it with the version that opened it (borgerpuls fieldwork stop ROUND) only if its answers are to be lost; '
            'a sandbox may be emptied (make clean).';
    END IF;
END $$;

ALTER TABLE rounds.round ADD COLUMN forgotten_at timestamptz;  -- from then on nothing is read or written of its people

-- Earlier rounds were sealed with keys wrapped in this table: without it nothing opens, so nothing is kept.
UPDATE rounds.round SET forgotten_at = now();
DROP TABLE identity.data_key;
DELETE FROM identity.extract_file;
DELETE FROM identity.quarantined_row;
DELETE FROM identity.citizen;
COMMENT ON COLUMN identity.citizen.cpr_lookup IS 'Keyed HMAC, of this round alone.';

-- link: what opens a form. Whose it is, is in no table.
ALTER TABLE link.access DROP COLUMN person_id;  -- and the primary key with it
ALTER TABLE link.access DROP CONSTRAINT access_response_id_key, ADD PRIMARY KEY (response_id);
COMMENT ON TABLE link.access IS 'What opens a form; the person is named nowhere: link.response_id and the round''s key tell.';

CREATE FUNCTION link.response_id(link_key bytea, person_id uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(substring(sha256(link_key || uuid_send(person_id)) FROM 1 FOR 16), 'hex')::uuid;
COMMENT ON FUNCTION link.response_id IS 'The id of a person''s form, as RoundKey.response_id in vault.py.';

REVOKE ALL ON FUNCTION link.response_id FROM PUBLIC;
GRANT EXECUTE ON FUNCTION link.response_id TO borgerpuls_fieldwork, borgerpuls_responses;
REVOKE SELECT ON link.access FROM borgerpuls_responses;

CREATE TABLE fieldwork.no_contact (     -- who wants no contact in any round; outlives them all
    cpr_lookup bytea PRIMARY KEY,       -- keyed HMAC by the key `lookup`, like no other column's
    known_date date NOT NULL
);
GRANT SELECT, INSERT, DELETE ON fieldwork.no_contact TO borgerpuls_fieldwork;
