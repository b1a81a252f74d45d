-- Bring the number of quarantined responses per batch up to date. Parameters: round_id.
UPDATE responses.batch b
   SET quarantined_count = (SELECT count(*) FROM responses.response r
                             WHERE r.round_id = b.round_id AND r.batch_number = b.batch_number AND r.is_quarantined)
 WHERE b.round_id = :round_id
