-- Put numbers in the place of the ids of a round's answers, and take away what no figure needs. Parameters: round_id.
UPDATE responses.response r
SET response_id = coalesce((SELECT d.number FROM dealt_answer_number d WHERE d.response_id = r.response_id), r.response_id),
    page_count = NULL, device_class = NULL, revision = 0, batch_number = 0
WHERE r.round_id = :round_id
  AND (NOT retention.is_number(r.response_id) OR r.page_count IS NOT NULL OR r.device_class IS NOT NULL
       OR r.revision <> 0 OR r.batch_number <> 0)
