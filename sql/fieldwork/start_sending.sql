-- Commit to sending claimed messages on their channels, unless something has come in the way since they were claimed;
-- a message in doubt only on the channel it was sent by.
-- One row per message that is now being sent. Parameters: round_id, owner, municipality_hash, link_key, lease_seconds, now, today,
-- message_ids, channels (arrays of the same length).
UPDATE fieldwork.message m
SET state = 'sending', channel = v.channel, sent_at = :now,
    lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
FROM unnest(CAST(:message_ids AS uuid[]), CAST(:channels AS text[])) AS v (message_id, channel), rounds.round r
WHERE m.message_id = v.message_id AND m.state = 'claimed' AND m.lease_owner = :owner
  AND m.lease_until > clock_timestamp() AND (m.in_doubt_since IS NULL OR m.channel = v.channel)
  AND r.round_id = m.round_id AND r.round_id = :round_id AND r.state = 'approved' AND NOT r.is_paused
  AND :today <= r.close_date
  AND EXISTS (SELECT FROM rounds.approval a JOIN rounds.approved_content c USING (round_id, content_hash)
              WHERE a.round_id = m.round_id AND a.opened_by = r.opened_by
                AND c.municipality_code = m.municipality_code AND c.municipality_hash = :municipality_hash)
  AND (SELECT o.person_id FROM fieldwork.opt_out o
       WHERE o.round_id = m.round_id AND o.person_id = m.person_id) IS NULL
  AND (SELECT f.state FROM answers.form f
       WHERE f.response_id = link.response_id(CAST(:link_key AS bytea), m.person_id)) IN ('unopened', 'started')
RETURNING m.message_id
