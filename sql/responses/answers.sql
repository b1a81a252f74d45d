-- The answers given in a round, those given to items not asked included. One row per response and item. Parameters: round_id.
SELECT response_id, item_id, outcome, choices
  FROM responses.answer
 WHERE round_id = :round_id AND (choices IS NOT NULL OR outcome <> 'not_asked')
 ORDER BY response_id, item_id
