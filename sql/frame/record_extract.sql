-- Say what became of a municipality's extract; another file than before forgets the counts of the old one.
-- Parameters: round_id, municipality_code, outcome, outcome_text, file_sha256, encoding, delimiter, source_system, row_count.
INSERT INTO frame.extract (round_id, municipality_code, outcome, outcome_text, file_sha256, encoding, delimiter,
                           source_system, row_count)
VALUES (:round_id, :municipality_code, :outcome, :outcome_text, :file_sha256, :encoding, :delimiter,
        :source_system, :row_count)
ON CONFLICT (round_id, municipality_code) DO UPDATE
SET outcome = excluded.outcome, outcome_text = excluded.outcome_text, file_sha256 = excluded.file_sha256,
    encoding = excluded.encoding, delimiter = excluded.delimiter, source_system = excluded.source_system,
    row_count = excluded.row_count, eligible_count = 0, ineligible_count = 0, quarantined_count = 0
WHERE (frame.extract.outcome, frame.extract.outcome_text, frame.extract.file_sha256, frame.extract.row_count)
      IS DISTINCT FROM (excluded.outcome, excluded.outcome_text, excluded.file_sha256, excluded.row_count)
