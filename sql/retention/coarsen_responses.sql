-- Put numbers, in the order they stood, in the place of the ids of a round's answers, and take away what no figure needs.
-- Parameters: round_id.
UPDATE responses.response r
SET response_id = CASE WHEN retention.is_number(r.response_id) THEN r.response_id ELSE retention.numbered(n.number) END,
    page_count = NULL, device_class = NULL
FROM (SELECT response_id,
             (SELECT count(*) FROM responses.response k
              WHERE k.round_id = :round_id AND retention.is_number(k.response_id))
             + row_number() OVER (PARTITION BY retention.is_number(response_id) ORDER BY response_id) AS number
      FROM responses.response
      WHERE round_id = :round_id) AS n
WHERE r.round_id = :round_id AND r.response_id = n.response_id
  AND (NOT retention.is_number(r.response_id) OR r.page_count IS NOT NULL OR r.device_class IS NOT NULL)
