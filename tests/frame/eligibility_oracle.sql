-- Who is in the population, written independently of the code under test: one row per course with the reason it is
-- not, or NULL. Reads the temporary table course. Parameters: quarter_start, quarter_end, key_date.
WITH judged AS (
    SELECT c.*,
           c.lab_code IN ('6.1', '6.2', '6.3', '6.4', '6.5', '6.6', '6.7', '6.8', '6.9') AS is_included,
           daterange(c.spell_start_date, c.spell_end_date, '[]')
               && daterange(CAST(:quarter_start AS date), CAST(:quarter_end AS date), '[]') AS is_in_quarter,
           least(coalesce(c.spell_end_date, CAST(:key_date AS date)), CAST(:key_date AS date))
               - coalesce(c.support_start_date, c.spell_start_date) AS days,
           first_value(c.course_id) OVER (
               PARTITION BY c.person
               ORDER BY c.spell_start_date > CAST(:key_date AS date), c.spell_start_date DESC,
                        c.spell_end_date DESC NULLS FIRST, c.municipality_code, c.row_number) AS decisive_id
    FROM course AS c
),
person AS (
    SELECT person, bool_or(is_included AND is_in_quarter) AS was_active, bool_or(is_deceased_or_emigrated) AS is_gone
    FROM judged
    GROUP BY person
)
SELECT j.course_id, j.days,
       CASE WHEN j.course_id <> j.decisive_id THEN
                CASE WHEN j.municipality_code <> d.municipality_code THEN 'anden_kommune'
                     WHEN j.benefit_code <> d.benefit_code THEN 'aeldre_forloeb'
                     ELSE 'dublet' END
            WHEN p.is_gone THEN 'doed_eller_udrejst'
            WHEN NOT j.is_included THEN 'ydelse_ikke_i_undersoegelsen'
            WHEN NOT p.was_active THEN 'ikke_aktiv_i_kvartalet'
            WHEN j.days < 7 * CASE WHEN j.lab_code = '6.1' THEN 12 ELSE 8 END THEN 'for_kort_forloeb'
       END AS reason
FROM judged AS j
JOIN judged AS d ON d.course_id = j.decisive_id
JOIN person AS p ON p.person = j.person
ORDER BY j.course_id
