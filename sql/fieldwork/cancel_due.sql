-- Cancel due messages to people who have answered or must not be contacted, and texts beside a letter that did not go
-- by Digital Post. Parameters: round_id, municipality_code, today, now.
UPDATE fieldwork.message m
SET state = 'cancelled', reason = why.reason, final_at = :now, lease_until = NULL
FROM (
    SELECT p.message_id,
           coalesce(o.reason,
                    CASE WHEN f.state IN ('completed', 'deleted') THEN 'answered' END,
                    CASE WHEN p.slot = 'sms' AND main.state NOT IN ('planned', 'claimed')
                              AND main.channel IS DISTINCT FROM 'digital_post' THEN 'not_needed' END) AS reason
    FROM fieldwork.message p
    JOIN fieldwork.message main
        ON main.round_id = p.round_id AND main.person_id = p.person_id AND main.wave = p.wave AND main.slot = 'main'
    LEFT JOIN fieldwork.opt_out o ON o.round_id = p.round_id AND o.person_id = p.person_id
    LEFT JOIN link.access a ON a.round_id = p.round_id AND a.person_id = p.person_id
    LEFT JOIN answers.form f ON f.response_id = a.response_id
    WHERE p.round_id = :round_id AND p.municipality_code = :municipality_code AND p.state = 'planned'
      AND p.due_date <= :today
) AS why
WHERE m.message_id = why.message_id AND why.reason IS NOT NULL AND m.state = 'planned'
