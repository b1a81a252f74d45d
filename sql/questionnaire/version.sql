-- The questionnaire version of a round. At most one row. Parameters: round_id.
SELECT questionnaire_version FROM rounds.round WHERE round_id = :round_id
