-- Imported sources of periods before a round. One row per source. Parameters: round_id.
SELECT source_id, kind, period, period_name, title, participants, municipality_codes, codebook_version,
       questionnaire_version, candidate_n
FROM estimation.source WHERE period < :round_id ORDER BY source_id
