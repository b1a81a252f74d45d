-- What is left of a round that leads to a person. One row per thing, 0 where nothing is. Parameters: round_id.
SELECT 'identity.citizen' AS what, count(*) AS left_n FROM identity.citizen WHERE round_id = :round_id
UNION ALL SELECT 'identity.extract_file', count(*) FROM identity.extract_file WHERE round_id = :round_id
UNION ALL SELECT 'identity.quarantined_row', count(*) FROM identity.quarantined_row WHERE round_id = :round_id
UNION ALL SELECT 'link.access', count(*) FROM link.access WHERE round_id = :round_id
UNION ALL SELECT 'answers.form', count(*) FROM answers.form WHERE round_id = :round_id
UNION ALL SELECT 'frame.spell', count(*) FROM frame.spell WHERE round_id = :round_id
UNION ALL SELECT 'frame.row_error', count(*) FROM frame.row_error WHERE round_id = :round_id
UNION ALL SELECT 'frame.person', count(*) FROM frame.person
    WHERE round_id = :round_id
      AND (NOT retention.is_number(person_id) OR age_years IS NOT NULL OR benefit_code IS NOT NULL
           OR spell_start_date IS NOT NULL OR spell_end_date IS NOT NULL OR language NOT IN ('da', 'andet')
           OR local_1 IS NOT NULL OR local_2 IS NOT NULL OR local_3 IS NOT NULL)
UNION ALL SELECT 'sampling.sample', count(*) FROM sampling.sample
    WHERE round_id = :round_id AND NOT retention.is_number(person_id)
UNION ALL SELECT 'responses.disposition', count(*) FROM responses.disposition
    WHERE round_id = :round_id AND NOT retention.is_number(person_id)
UNION ALL SELECT 'fieldwork.message', count(*) FROM fieldwork.message WHERE round_id = :round_id
UNION ALL SELECT 'fieldwork.opt_out', count(*) FROM fieldwork.opt_out WHERE round_id = :round_id
UNION ALL SELECT 'fieldwork.arm', count(*) FROM fieldwork.arm WHERE round_id = :round_id
UNION ALL SELECT 'fieldwork.audit', count(*) FROM fieldwork.audit WHERE round_id = :round_id AND person_id IS NOT NULL
UNION ALL SELECT 'responses.response', count(*) FROM responses.response r
    WHERE r.round_id = :round_id
      AND (NOT retention.is_number(r.response_id) OR r.page_count IS NOT NULL OR r.device_class IS NOT NULL
           OR r.revision <> 0 OR r.batch_number <> 0
           OR r.completeness = 'none' OR r.is_quarantined
           OR NOT EXISTS (SELECT FROM responses.snapshot s WHERE s.round_id = r.round_id))
UNION ALL SELECT 'responses.open_answer', count(*) FROM responses.open_answer WHERE round_id = :round_id
UNION ALL SELECT 'responses.open_answer_decision', count(*) FROM responses.open_answer_decision WHERE round_id = :round_id
UNION ALL SELECT 'responses.release', count(*) FROM responses.release WHERE round_id = :round_id
