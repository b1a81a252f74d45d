-- A place for unopened forms before they are compared with those already there.
CREATE TEMPORARY TABLE staged_form (response_id uuid, round_id text, municipality_code text, target_group text,
    subgroup text, questionnaire_version text) ON COMMIT DROP
