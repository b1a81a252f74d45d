-- What identifies the answers of a round, and their counts. One row. Parameters: round_id.
WITH item AS (
    SELECT a.response_id,
           string_agg(concat_ws(':', a.item_id, a.outcome, a.score, array_to_string(a.choices, ',')), ';' ORDER BY a.item_id) AS items
      FROM responses.answer a
     WHERE a.round_id = :round_id
     GROUP BY a.response_id
), form AS (
    SELECT r.response_id, r.completeness, r.is_quarantined,
           encode(sha256(convert_to(concat_ws('|', r.response_id, r.revision, r.municipality_code, r.sex, r.age_group,
                  r.subgroup, r.target_group, r.status, r.duration_group, r.local_1, r.local_2, r.local_3, r.completeness,
                  r.is_quarantined, r.is_late, r.started_date, r.submitted_date, i.items), 'UTF8')), 'hex') AS digest
      FROM responses.response r
      LEFT JOIN item i USING (response_id)
     WHERE r.round_id = :round_id
), outcome AS (
    SELECT string_agg(d.person_id || ':' || d.disposition, ';' ORDER BY d.person_id) AS dispositions, count(*) AS sampled
      FROM responses.disposition d
     WHERE d.round_id = :round_id
)
SELECT encode(sha256(convert_to(concat_ws('|', CAST(:round_id AS text), coalesce(string_agg(form.digest, '' ORDER BY form.response_id), ''),
              (SELECT dispositions FROM outcome)), 'UTF8')), 'hex') AS snapshot_id,
       count(form.response_id) FILTER (WHERE completeness IN ('complete', 'partial') AND NOT is_quarantined) AS response_count,
       count(form.response_id) FILTER (WHERE completeness = 'complete' AND NOT is_quarantined) AS complete_count,
       count(form.response_id) FILTER (WHERE completeness = 'partial' AND NOT is_quarantined) AS partial_count,
       (SELECT sampled FROM outcome) AS sampled_count
  FROM form
