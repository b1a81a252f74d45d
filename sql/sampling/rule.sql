-- How the round's sample is drawn, and whether messages are planned for it already. One row. Parameters: round_id.
SELECT sample_rule, seed, forgotten_at,
       EXISTS (SELECT FROM fieldwork.message m WHERE m.round_id = r.round_id) AS is_planned
FROM rounds.round r
WHERE round_id = :round_id
