-- Keep who decided what, and why. One row. Parameters: round_id, municipality_code, act, decided_by, reason, decided_at.
INSERT INTO publication.decision (round_id, municipality_code, act, decided_by, reason, decided_at)
VALUES (:round_id, :municipality_code, :act, :decided_by, :reason, :decided_at)
RETURNING decision_id
