-- Every course that could be read, with what eligibility and the population need. One row per course.
-- Parameters: round_id.
SELECT municipality_code, row_number, person_id, sex, age_years, benefit_code, visitation_code, lab_code,
       spell_start_date, spell_end_date, support_start_date, is_deceased_or_emigrated, language, has_mobile,
       local_1, local_2, local_3
FROM frame.spell
WHERE round_id = :round_id
ORDER BY municipality_code, row_number
