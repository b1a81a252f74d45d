-- Keep what an approval is of, once. Parameters: round_id, content_hash, municipality_codes, municipality_hashes (arrays
-- of the same length).
INSERT INTO rounds.approved_content (round_id, content_hash, municipality_code, municipality_hash)
SELECT :round_id, :content_hash, v.municipality_code, v.municipality_hash
FROM unnest(CAST(:municipality_codes AS text[]), CAST(:municipality_hashes AS text[]))
     AS v (municipality_code, municipality_hash)
ON CONFLICT DO NOTHING
