-- Claim the next messages that may be sent now; every guard is here, and what another dispatch holds is passed over.
-- One row per claimed message, with its person's sealed identity. Parameters: round_id, municipality_code, slot,
-- is_window_open, today, municipality_hash, link_key, owner, lease_seconds, batch_size.
WITH due AS (
    SELECT m.message_id
    FROM fieldwork.message m
    JOIN rounds.round r ON r.round_id = m.round_id
    WHERE m.round_id = :round_id AND m.municipality_code = :municipality_code AND m.slot = :slot
      AND m.state = 'planned' AND m.due_date <= :today AND m.wave <= 3 AND :is_window_open
      AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())
      AND r.state = 'approved' AND NOT r.is_paused AND :today <= r.close_date
      AND EXISTS (SELECT FROM rounds.approval a JOIN rounds.approved_content c USING (round_id, content_hash)
                  WHERE a.round_id = m.round_id AND a.opened_by = r.opened_by
                    AND c.municipality_code = m.municipality_code AND c.municipality_hash = :municipality_hash)
      AND (SELECT o.person_id FROM fieldwork.opt_out o
           WHERE o.round_id = m.round_id AND o.person_id = m.person_id) IS NULL
      AND (SELECT f.state FROM answers.form f
           WHERE f.response_id = link.response_id(CAST(:link_key AS bytea), m.person_id)) IN ('unopened', 'started')
      AND (SELECT count(*) FROM fieldwork.message w
           WHERE w.round_id = m.round_id AND w.person_id = m.person_id AND w.wave <> m.wave
             AND ((w.slot = 'main' AND w.wave < m.wave AND w.state IN ('planned', 'claimed', 'sending'))
                  OR (w.sent_at AT TIME ZONE 'Europe/Copenhagen')::date > CAST(:today AS date) - 6)) = 0
      AND (m.slot = 'main' OR (
           SELECT w.channel FROM fieldwork.message w
           WHERE w.round_id = m.round_id AND w.person_id = m.person_id AND w.wave = m.wave AND w.slot = 'main'
             AND w.state NOT IN ('planned', 'claimed')) = 'digital_post')
    ORDER BY m.wave, m.person_id
    LIMIT :batch_size
    FOR UPDATE OF m SKIP LOCKED
), claimed AS (
    UPDATE fieldwork.message m
    SET state = 'claimed', attempt = m.attempt + 1, lease_owner = :owner,
        lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
    FROM due
    WHERE m.message_id = due.message_id
    RETURNING m.*
)
SELECT k.message_id, k.transaction_id, k.person_id, k.wave, k.slot, k.attempt, c.cpr, c.name, c.mobile, c.address,
       arm.arm IS NOT DISTINCT FROM 'without_sms' AS is_without_sms
FROM claimed k
JOIN identity.citizen c ON c.round_id = k.round_id AND c.person_id = k.person_id
LEFT JOIN fieldwork.arm arm ON arm.round_id = k.round_id AND arm.person_id = k.person_id
ORDER BY k.wave, k.person_id
