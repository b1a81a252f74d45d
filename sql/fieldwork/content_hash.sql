-- A fingerprint of who is written to and when, of the municipalities' words and of the arms. One row. Parameters:
-- round_id.
SELECT encode(sha256(convert_to(concat_ws('#',
    (SELECT string_agg(person_id::text || municipality_code, ',' ORDER BY person_id)
     FROM sampling.sample WHERE round_id = :round_id),
    (SELECT string_agg(person_id::text || wave || slot || due_date || message_id, ',' ORDER BY person_id, wave, slot)
     FROM fieldwork.message WHERE round_id = :round_id),
    (SELECT string_agg(t::text, ',' ORDER BY municipality_code)
     FROM fieldwork.municipality_text t WHERE round_id = :round_id),
    (SELECT string_agg(person_id::text || arm, ',' ORDER BY person_id)
     FROM fieldwork.arm WHERE round_id = :round_id),
    (SELECT concat_ws('|', invitation_date, reminder_1_date, reminder_2_date, close_date, questionnaire_version,
                      array_to_string(channels, '+'))
     FROM rounds.round WHERE round_id = :round_id)
), 'UTF8')), 'hex')
