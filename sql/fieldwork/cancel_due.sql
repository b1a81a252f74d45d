-- Cancel due messages to people who have answered or must not be contacted, and texts beside a letter that did not go
-- by Digital Post. What is asked of a person is asked by key: a new round is not in the planner's statistics yet, and
-- joins would read it once for each of its rows. Parameters: round_id, municipality_code, link_key,
-- today, now.
UPDATE fieldwork.message m
SET state = 'cancelled', reason = why.reason, final_at = :now, lease_until = NULL
FROM (
    SELECT p.message_id,
           coalesce((SELECT o.reason FROM fieldwork.opt_out o
                     WHERE o.round_id = p.round_id AND o.person_id = p.person_id),
                    CASE WHEN (SELECT f.state FROM answers.form f
                               WHERE f.response_id = link.response_id(CAST(:link_key AS bytea), p.person_id))
                              IN ('completed', 'deleted') THEN 'answered' END,
                    CASE WHEN p.slot = 'sms' AND (
                              SELECT w.state NOT IN ('planned', 'claimed') AND w.channel IS DISTINCT FROM 'digital_post'
                              FROM fieldwork.message w
                              WHERE w.round_id = p.round_id AND w.person_id = p.person_id AND w.wave = p.wave
                                AND w.slot = 'main') THEN 'not_needed' END) AS reason
    FROM fieldwork.message p
    WHERE p.round_id = :round_id AND p.municipality_code = :municipality_code AND p.state = 'planned'
      AND p.due_date <= :today
) AS why
WHERE m.message_id = why.message_id AND why.reason IS NOT NULL AND m.state = 'planned'
