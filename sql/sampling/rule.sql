-- How the round's sample is drawn, and whether another may still take its place: not once messages are planned for it and
-- somebody has approved them. One row. Parameters: round_id.
SELECT sample_rule, seed, forgotten_at,
       EXISTS (SELECT FROM fieldwork.message m WHERE m.round_id = r.round_id)
       AND (state <> 'open' OR EXISTS (SELECT FROM rounds.approval a WHERE a.round_id = r.round_id)) AS is_fixed
FROM rounds.round r
WHERE round_id = :round_id
