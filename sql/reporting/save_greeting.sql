-- Keep a municipality's greeting and logo; given again they take the place of the old. One row.
-- Parameters: round_id, municipality_code, greeting, logo.
INSERT INTO reporting.municipality_greeting (round_id, municipality_code, greeting, logo)
VALUES (:round_id, :municipality_code, :greeting, :logo)
ON CONFLICT (round_id, municipality_code) DO UPDATE SET greeting = excluded.greeting, logo = excluded.logo
