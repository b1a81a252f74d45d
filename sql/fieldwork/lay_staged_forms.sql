-- Lay an unopened form for each staged person who has none; one that nobody has opened follows the frame and the plan.
-- In an order that says nothing of who they are.
INSERT INTO answers.form AS f
    (response_id, round_id, municipality_code, target_group, subgroup, questionnaire_version)
SELECT response_id, round_id, municipality_code, target_group, subgroup, questionnaire_version FROM staged_form
ORDER BY response_id
ON CONFLICT (response_id) DO UPDATE
SET municipality_code = excluded.municipality_code, target_group = excluded.target_group,
    subgroup = excluded.subgroup, questionnaire_version = excluded.questionnaire_version
WHERE f.state = 'unopened'
  AND (f.municipality_code, f.target_group, f.subgroup, f.questionnaire_version)
      <> (excluded.municipality_code, excluded.target_group, excluded.subgroup, excluded.questionnaire_version)
