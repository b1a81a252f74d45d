-- A plan may be replaced until somebody has approved it; every plan that a round was opened with is kept.
CREATE TABLE rounds.opening (           -- append-only; the latest is the plan in force
    round_id text NOT NULL REFERENCES rounds.round,
    run_id text NOT NULL,               -- of the DAG; cleared and run again, it announces the round again
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    plan jsonb NOT NULL,
    PRIMARY KEY (round_id, run_id)
);
GRANT SELECT, INSERT ON rounds.opening TO borgerpuls_rounds;

-- Whether anything was sent, and what the approver was shown of the plan before.
GRANT USAGE ON SCHEMA fieldwork TO borgerpuls_rounds;
GRANT SELECT (round_id, state, attempt) ON fieldwork.message TO borgerpuls_rounds;
GRANT SELECT (round_id), DELETE ON fieldwork.dry_run TO borgerpuls_rounds;

-- What belongs to a municipality goes with it when the new plan leaves it out.
ALTER TABLE rounds.local_item
    DROP CONSTRAINT local_item_round_id_municipality_code_fkey,
    ADD FOREIGN KEY (round_id, municipality_code) REFERENCES rounds.municipality ON DELETE CASCADE;
ALTER TABLE reporting.municipality_greeting
    DROP CONSTRAINT municipality_greeting_round_id_municipality_code_fkey,
    ADD FOREIGN KEY (round_id, municipality_code) REFERENCES rounds.municipality ON DELETE CASCADE;

-- A form that nobody has opened follows the frame and the plan.
GRANT SELECT (municipality_code, target_group, subgroup, questionnaire_version),
      UPDATE (municipality_code, target_group, subgroup, questionnaire_version) ON answers.form TO borgerpuls_fieldwork;
