-- Keep what an import is; its time is the database's, because it belongs to no round. One row. Parameters: the other columns.
INSERT INTO estimation.source (source_id, kind, period, period_name, title, participants, municipality_codes,
                               codebook_version, questionnaire_version, consent, candidate_n, imported_at)
VALUES (:source_id, :kind, :period, :period_name, :title, :participants, :municipality_codes, :codebook_version,
        :questionnaire_version, :consent, :candidate_n, now())
