-- The report on a round tells who got its reminders by SMS too.

GRANT USAGE ON SCHEMA fieldwork TO borgerpuls_reporting;
GRANT SELECT ON fieldwork.design TO borgerpuls_reporting;
