-- One imported figure with its source. One row, or none. Parameters: figure_id.
SELECT f.*, s.period_name, s.title, s.participants, s.candidate_n, s.codebook_version, s.questionnaire_version
FROM estimation.imported_figure f JOIN estimation.source s USING (source_id)
WHERE concat_ws('|', f.source_id, f.municipality_code, f.item_id, f.measure, f.category, f.domain, f.domain_group)
      = :figure_id
