-- Whether exactly this content is approved. One row. Parameters: round_id, content_hash.
SELECT EXISTS (SELECT FROM rounds.approval WHERE round_id = :round_id AND content_hash = :content_hash)
