-- One figure with the versions it was computed with and, where it is withheld, why. One row, or none. Parameters: figure_id.
SELECT f.*, r.codebook_version, r.questionnaire_version, s.reason
FROM estimation.figure f JOIN rounds.round r USING (round_id)
LEFT JOIN estimation.suppression s
       ON (s.round_id, s.municipality_code, s.item_id, s.domain, s.domain_group)
        = (f.round_id, f.municipality_code, f.item_id, f.domain, f.domain_group)
WHERE f.figure_id = :figure_id
