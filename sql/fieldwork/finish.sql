-- Give every message of a round that is over its end; one that is being sent this moment waits. What is asked of a person
-- is asked by key, as in cancel_due.sql. Parameters: round_id, link_key, now.
UPDATE fieldwork.message m
SET state = e.state, reason = e.reason, final_at = :now, lease_until = NULL
FROM (
    SELECT p.message_id,
           CASE WHEN p.state IN ('planned', 'claimed') AND p.in_doubt_since IS NULL THEN 'cancelled'
                WHEN p.state = 'rejected' THEN 'failed'
                ELSE 'no_receipt' END AS state,
           CASE WHEN p.state IN ('planned', 'claimed') AND p.in_doubt_since IS NULL THEN
                    coalesce((SELECT o.reason FROM fieldwork.opt_out o
                              WHERE o.round_id = p.round_id AND o.person_id = p.person_id),
                             CASE WHEN (SELECT f.state FROM answers.form f
                                        WHERE f.response_id = link.response_id(CAST(:link_key AS bytea), p.person_id))
                                       IN ('completed', 'deleted') THEN 'answered' END,
                             'closed')
                WHEN p.state IN ('unknown', 'sending', 'claimed') THEN 'fate_unknown' ELSE p.reason END AS reason
    FROM fieldwork.message p
    WHERE p.round_id = :round_id
      AND p.state IN ('planned', 'claimed', 'sending', 'accepted', 'rejected', 'unknown')
      AND NOT (p.state IN ('claimed', 'sending') AND p.lease_until > clock_timestamp())
) AS e
WHERE m.message_id = e.message_id
  AND m.state IN ('planned', 'claimed', 'sending', 'accepted', 'rejected', 'unknown')
