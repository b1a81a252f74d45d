-- Lay an unopened form for each staged person who has none; in an order that says nothing of who they are.
INSERT INTO answers.form (response_id, round_id, municipality_code, target_group, subgroup, questionnaire_version)
SELECT response_id, round_id, municipality_code, target_group, subgroup, questionnaire_version FROM staged_form
ORDER BY response_id
ON CONFLICT (response_id) DO NOTHING
