-- Write how many rows of each extract are eligible and ineligible. Parameters: round_id.
UPDATE frame.extract AS e
SET eligible_count = c.eligible, ineligible_count = c.ineligible
FROM (SELECT x.municipality_code,
             count(*) FILTER (WHERE s.is_eligible) AS eligible,
             count(*) FILTER (WHERE NOT s.is_eligible) AS ineligible
      FROM frame.extract AS x
      LEFT JOIN frame.spell AS s USING (round_id, municipality_code)
      WHERE x.round_id = :round_id
      GROUP BY x.municipality_code) AS c
WHERE e.round_id = :round_id AND e.municipality_code = c.municipality_code
