-- Delete a round's courses that were not read exactly so again, and with them what was decided. Parameters: round_id.
DELETE FROM frame.spell AS s
WHERE s.round_id = :round_id AND NOT EXISTS (
    SELECT FROM read_spell AS r
    WHERE r.municipality_code = s.municipality_code AND r.row_number = s.row_number
      AND (r.person_id, r.sex, r.age_years, r.benefit_code, r.visitation_code, r.lab_code, r.spell_start_date,
           r.spell_end_date, r.support_start_date, r.is_deceased_or_emigrated, r.language, r.has_mobile,
           r.local_1, r.local_2, r.local_3)
          IS NOT DISTINCT FROM
          (s.person_id, s.sex, s.age_years, s.benefit_code, s.visitation_code, s.lab_code, s.spell_start_date,
           s.spell_end_date, s.support_start_date, s.is_deceased_or_emigrated, s.language, s.has_mobile,
           s.local_1, s.local_2, s.local_3))
