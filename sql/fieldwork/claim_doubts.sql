-- Claim messages in doubt, each once a dispatch, to send them again under their own ids on the channels whose gateway
-- takes each id once, but none that a replay has brought back (when it was first sent is forgotten); the guards are those
-- of claim.sql. One row per claimed message, with its person's sealed identity
-- and the channel it was sent by. Parameters: round_id, municipality_code, channels, sent_after, today,
-- municipality_hash, link_key, owner, lease_seconds, batch_size.
WITH doubtful AS (
    SELECT m.message_id
    FROM fieldwork.message m
    JOIN rounds.round r ON r.round_id = m.round_id
    WHERE m.round_id = :round_id AND m.municipality_code = :municipality_code AND m.state = 'unknown'
      AND m.channel = ANY(CAST(:channels AS text[])) AND m.lease_owner IS DISTINCT FROM :owner
      AND m.lease_owner IS DISTINCT FROM 'replay'
      AND coalesce(m.in_doubt_since, m.sent_at) > :sent_after
      AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())
      AND r.state = 'approved' AND NOT r.is_paused AND :today <= r.close_date
      AND EXISTS (SELECT FROM rounds.approval a JOIN rounds.approved_content c USING (round_id, content_hash)
                  WHERE a.round_id = m.round_id AND a.opened_by = r.opened_by
                    AND c.municipality_code = m.municipality_code AND c.municipality_hash = :municipality_hash)
      AND (SELECT o.person_id FROM fieldwork.opt_out o
           WHERE o.round_id = m.round_id AND o.person_id = m.person_id) IS NULL
      AND (SELECT f.state FROM answers.form f
           WHERE f.response_id = link.response_id(CAST(:link_key AS bytea), m.person_id)) IN ('unopened', 'started')
      AND NOT EXISTS (SELECT FROM fieldwork.message w
                      WHERE w.round_id = m.round_id AND w.person_id = m.person_id AND w.wave <> m.wave
                        AND (w.sent_at AT TIME ZONE 'Europe/Copenhagen')::date > CAST(:today AS date) - 6)
    ORDER BY m.wave, m.person_id
    LIMIT :batch_size
    FOR UPDATE OF m SKIP LOCKED
), claimed AS (
    UPDATE fieldwork.message m
    SET state = 'claimed', attempt = m.attempt + 1, in_doubt_since = coalesce(m.in_doubt_since, m.sent_at),
        lease_owner = :owner, lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
    FROM doubtful
    WHERE m.message_id = doubtful.message_id
    RETURNING m.*
)
SELECT k.message_id, k.transaction_id, k.person_id, k.wave, k.slot, k.attempt, c.cpr, c.name, c.mobile, c.address,
       false AS is_without_sms, k.channel AS channel_in_doubt
FROM claimed k
JOIN identity.citizen c ON c.round_id = k.round_id AND c.person_id = k.person_id
ORDER BY k.wave, k.person_id
