-- A fingerprint of who is written to and when, of the words and of the arms, and the round's dates. One row per
-- municipality. Parameters: round_id, municipality_code (NULL for all).
WITH people AS (
    SELECT municipality_code, string_agg(person_id::text, ',' ORDER BY person_id) AS content
    FROM sampling.sample
    WHERE round_id = :round_id AND municipality_code = coalesce(:municipality_code, municipality_code)
    GROUP BY municipality_code
), messages AS (
    SELECT municipality_code,
           string_agg(person_id::text || wave || slot || due_date || message_id, ',' ORDER BY person_id, wave, slot) AS content
    FROM fieldwork.message
    WHERE round_id = :round_id AND municipality_code = coalesce(:municipality_code, municipality_code)
    GROUP BY municipality_code
), arms AS (
    SELECT s.municipality_code, string_agg(a.person_id::text || a.arm, ',' ORDER BY a.person_id) AS content
    FROM fieldwork.arm a JOIN sampling.sample s USING (round_id, person_id)
    WHERE a.round_id = :round_id AND s.municipality_code = coalesce(:municipality_code, s.municipality_code)
    GROUP BY s.municipality_code
)
SELECT u.municipality_code,
       encode(sha256(convert_to(concat_ws('#', u.municipality_code, u.municipality_name, p.content, m.content, t::text,
           a.content, r.invitation_date, r.reminder_1_date, r.reminder_2_date, r.close_date, r.questionnaire_version,
           array_to_string(r.channels, '+')), 'UTF8')), 'hex') AS content
FROM rounds.municipality u
JOIN rounds.round r USING (round_id)
LEFT JOIN people p USING (municipality_code)
LEFT JOIN messages m USING (municipality_code)
LEFT JOIN fieldwork.municipality_text t USING (round_id, municipality_code)
LEFT JOIN arms a USING (municipality_code)
WHERE u.round_id = :round_id AND u.municipality_code = coalesce(:municipality_code, u.municipality_code)
ORDER BY u.municipality_code
