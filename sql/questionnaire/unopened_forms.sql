-- The forms of a round that nobody has answered yet, with what routing needs. One row per form. Parameters: round_id.
SELECT response_id, municipality_code, target_group, subgroup, questionnaire_version
  FROM answers.form
 WHERE round_id = :round_id AND state = 'unopened'
