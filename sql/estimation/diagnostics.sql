-- What the weights cost. One row per municipality with answers, and one for all. Parameters: round_id.
SELECT municipality_code, design_effect, effective_n FROM weighting.diagnostic WHERE round_id = :round_id
ORDER BY municipality_code
