-- When the answers that count came, in days from invitation, and how long the complete ones took. One row per response.
-- Parameters: round_id.
SELECT a.municipality_code, coalesce(a.submitted_date, a.started_date) - r.invitation_date AS day,
       CASE WHEN a.completeness = 'complete' THEN a.duration_minutes END AS minutes
FROM responses.response a JOIN rounds.round r USING (round_id)
WHERE round_id = :round_id AND a.completeness IN ('complete', 'partial') AND NOT a.is_quarantined
