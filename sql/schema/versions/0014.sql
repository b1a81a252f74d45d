-- A municipality whose extract never came takes no part: reports know it by the sample, of which they read counts only.
GRANT USAGE ON SCHEMA sampling TO borgerpuls_reporting;
GRANT SELECT (round_id, municipality_code, allocated_n) ON sampling.allocation TO borgerpuls_reporting;
