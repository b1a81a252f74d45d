"""From forms to frozen answers: nothing missed, nothing twice, nothing changed afterwards."""

from datetime import date, datetime

import pandas as pd
import pytest
from collected_round import PILOT, ROUND, answer, as_owner, open_round, rows_of
from typer.testing import CliRunner

from borgerpuls import clock
from borgerpuls.cli import app
from borgerpuls.clock import COPENHAGEN
from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.errors import RoundIsStillOpen, SnapshotChanged, UnknownRound
from borgerpuls.questionnaire.routing import Background, asked_items
from borgerpuls.responses import stage
from borgerpuls.responses.collection import completeness, item_outcomes, responses_of
from borgerpuls.sandbox.postgres import EmbeddedPostgres

TABLES = ("responses.response", "responses.answer", "responses.disposition", "responses.batch")


@pytest.fixture(scope="module")
def everybody(round_database: EmbeddedPostgres) -> pd.DataFrame:
    made = open_round(120)
    clock.move_to(datetime(2023, 8, 24, 12, tzinfo=COPENHAGEN))
    answer(made.iloc[:60])
    return made


def the_forms(*rows: dict[str, object]) -> pd.DataFrame:
    plain = {
        "target_group": "dagpenge", "subgroup": "dagpenge", "municipality_code": "0461", "state": "started",
        "revision": 1, "sex": "mand", "age_group": "30_49", "spell_start_date": date(2023, 1, 1), "local_1": None,
        "local_2": None, "local_3": None, "started_date": date(2023, 8, 23), "last_saved_date": date(2023, 8, 23),
        "completed_date": None, "duration_seconds": 90, "page_count": 2, "device_class": "mobil",
    }  # fmt: skip
    return pd.DataFrame([{**plain, "response_id": number, **row} for number, row in enumerate(rows)])


def test_each_item_of_a_form_has_one_outcome_by_hand() -> None:
    forms = the_forms({"target_group": "sygedagpenge", "subgroup": "sygedagpenge"})
    answers = pd.DataFrame(
        [(0, "status", ["afsluttet"]), (0, "employer", ["ja"]), (0, "trust", ["4"]), (0, "situation", ["dk"])],
        columns=["response_id", "item_id", "choices"],
    )
    found = item_outcomes(PILOT, forms, answers).set_index("item_id")
    assert found["outcome"].to_dict() == {
        "status": "valid", "employer": "valid", "trust": "valid", "situation": "dont_know", "listen": "broken_off",
        "goal": "broken_off", "coherence": "broken_off", "contact": "not_asked", "coop": "not_asked",
        "purpose": "broken_off", "prepared": "broken_off", "info": "broken_off", "plan": "broken_off",
        "jobs": "not_asked", "closer": "not_asked", "belief": "broken_off", "overall": "broken_off",
    }  # fmt: skip
    assert found["score"].dropna().to_dict() == {"trust": 4}


def test_the_pilots_rule_for_complete_and_partial() -> None:
    forms = the_forms({"state": "completed"}, {}, {}, {"state": "completed"})
    answers = pd.DataFrame([(0, "status"), (1, "status"), (1, "why")], columns=["response_id", "item_id"])
    assert list(completeness(PILOT, forms, answers)) == ["complete", "partial", "none", "complete"]


@pytest.mark.parametrize(
    ("days", "status", "group"),
    [
        (181, "igangvaerende", "under_26_uger"),
        (182, "igangvaerende", "26_52_uger"),
        (364, "igangvaerende", "26_52_uger"),
        (365, "igangvaerende", "1_2_aar"),
        (731, "igangvaerende", "over_2_aar"),
        (365, "afsluttet", None),
    ],
)
def test_duration_is_counted_to_the_close_and_only_for_those_still_attached(
    days: int, status: str, group: str | None
) -> None:
    close = date(2023, 9, 18)
    forms = the_forms({"spell_start_date": close - pd.Timedelta(days=days)})
    answers = pd.DataFrame([(0, "status", [status])], columns=["response_id", "item_id", "choices"])
    texts = pd.DataFrame(columns=["response_id", "item_id"])
    found = responses_of(PILOT, load_codebook("2023"), forms, answers, texts=texts, close_date=close)
    assert found["duration_group"].iloc[0] == group


def test_a_form_is_collected_once_per_change(everybody: pd.DataFrame) -> None:
    assert stage.collect(ROUND) == {"collected": 60, "removed": 0, "batch_number": 1}
    first = [rows_of(table) for table in TABLES]
    assert stage.collect(ROUND) == {"collected": 0, "removed": 0, "batch_number": 0}
    assert [rows_of(table) for table in TABLES] == first
    answer(everybody.iloc[60:90], seed=2)
    assert stage.collect(ROUND) == {"collected": 30, "removed": 0, "batch_number": 2}
    changed = everybody["response_id"].iloc[0]
    as_owner("UPDATE answers.form SET revision = revision + 1 WHERE response_id = :r", r=changed)
    assert stage.collect(ROUND)["collected"] == 1
    assert len(rows_of("responses.response")) == 90


def test_a_form_that_was_begun_anew_is_not_counted_with_what_was_in_it(everybody: pd.DataFrame) -> None:
    stage.collect(ROUND)
    collected = rows_of("responses.response")
    one = everybody["response_id"].iloc[0]
    as_owner("UPDATE answers.form SET state = 'unopened' WHERE response_id = :r", r=one)
    try:
        assert stage.collect(ROUND)["removed"] == 1
        assert len(rows_of("responses.response")) == len(collected) - 1
    finally:
        as_owner("UPDATE answers.form SET state = 'started', revision = revision + 1 WHERE response_id = :r", r=one)
    assert stage.collect(ROUND)["collected"] == 1


def test_the_paradata_are_those_of_the_form(everybody: pd.DataFrame) -> None:
    stage.collect(ROUND)
    differing = as_owner(
        "UPDATE responses.response SET page_count = response.page_count FROM answers.form f WHERE f.response_id = response.response_id "
        "AND response.round_id = :r AND (f.page_count, f.duration_seconds, f.device_class) IS DISTINCT FROM "
        "(response.page_count, CAST(round(response.duration_minutes * 60) AS int), response.device_class)",
        r=ROUND,
    )
    assert differing == 0
    assert len(rows_of("responses.response")) > 50


def test_every_asked_item_has_one_row_and_the_base_is_those_routed(everybody: pd.DataFrame) -> None:
    by_form: dict[object, dict[str, str]] = {}
    for _, response, item, outcome, *_rest in rows_of("responses.answer"):
        by_form.setdefault(response, {})[item] = outcome
    choices = {(row[1], row[2]): tuple(row[5] or ()) for row in rows_of("responses.answer")}
    people = everybody.set_index("response_id")
    ticked = [item.item_id for item in PILOT.items if item.kind != "open"]
    for response, outcomes in by_form.items():
        person = people.loc[response]
        given = {item: choices[response, item] for item in ticked if choices[response, item]}
        asked = {
            item.item_id
            for item in asked_items(PILOT, Background(person["target_group"], person["subgroup"]), given)
            if item.kind != "open"
        }
        assert set(outcomes) == set(ticked)
        assert {item for item, outcome in outcomes.items() if outcome != "not_asked"} == asked
    assert len(by_form) == 90


def test_possible_answers_leave_nobody_in_quarantine(everybody: pd.DataFrame) -> None:
    assert stage.validate(ROUND) | {"warnings": 0} == {"checked": 90, "quarantined": 0, "released": 0, "warnings": 0}


PLANTED = [
    ("known_code", "UPDATE responses.answer SET choices = '{9}' WHERE response_id = :r AND item_id = 'trust'",
     "ukendt svar på trust"),
    ("only_asked_items",
     "UPDATE responses.answer SET choices = '{5}' WHERE response_id = :r AND item_id = 'coop'",
     "ikke blev stillet"),
    ("known_item", "INSERT INTO responses.answer VALUES ('2023-2', :r, 'humoer', 'valid', NULL, '{5}')",
     "der ikke findes"),
    ("required_answer", "UPDATE responses.answer SET choices = NULL WHERE response_id = :r AND item_id = 'status'",
     "svar mangler på status"),
    ("known_group", "UPDATE responses.response SET municipality_code = '0101' WHERE response_id = :r",
     "kommunen er ikke med"),
    ("not_before_invitation", "UPDATE responses.response SET started_date = '2023-08-01' WHERE response_id = :r",
     "før invitationen"),
    ("started_before_submitted", "UPDATE responses.response SET submitted_date = '2023-08-23' WHERE response_id = :r",
     "før den blev begyndt"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "defect", "reason"), PLANTED, ids=[rule for rule, _, _ in PLANTED])
def test_a_planted_defect_is_set_aside_with_its_reason_and_no_other(
    everybody: pd.DataFrame, rule: str, defect: str, reason: str
) -> None:
    complete = next(row[1] for row in rows_of("responses.response") if "complete" in row)
    assert as_owner(defect, r=complete) == 1
    assert stage.validate(ROUND)["quarantined"] == 1
    aside = [row for row in rows_of("responses.response") if True in row and complete in row]
    assert len(aside) == 1
    assert any(isinstance(value, str) and reason in value for value in aside[0])
    broken = {row[2] for row in rows_of("responses.expectation_result") if row[4] is False and row[1] != "warning"}
    assert broken == {rule}
    as_owner("UPDATE responses.response SET revision = -1 WHERE response_id = :r", r=complete)
    assert stage.collect(ROUND)["collected"] == 1
    assert stage.validate(ROUND)["quarantined"] == 0


def test_answers_that_exclude_each_other_are_set_aside(everybody: pd.DataFrame) -> None:
    contacted = next(row[1] for row in rows_of("responses.answer") if row[2] == "contact" and row[5])
    as_owner(
        "UPDATE responses.answer SET choices = '{kun_jobcentret,andre}' WHERE response_id = :r AND item_id = 'contact'",
        r=contacted,
    )
    assert stage.validate(ROUND)["quarantined"] == 1
    shown = CliRunner().invoke(app, ["responses", "quarantine", ROUND]).output
    assert f"{contacted} " in shown
    assert "udelukker hinanden" in shown
    options = ["--by", "aase", "--reason", "Set efter"]
    assert "frigivet" in CliRunner().invoke(app, ["responses", "release", ROUND, str(contacted), *options]).output
    assert "0 besvarelser" in CliRunner().invoke(app, ["responses", "quarantine", ROUND]).output
    assert stage.validate(ROUND)["quarantined"] == 0
    assert stage.validate(ROUND)["released"] == 1
    as_owner("UPDATE responses.response SET revision = -1 WHERE response_id = :r", r=contacted)
    stage.collect(ROUND)


def test_dispositions_sum_to_the_sample(everybody: pd.DataFrame) -> None:
    counts = stage.decide_dispositions(ROUND)
    assert counts.pop("sampled") == 120 == sum(counts.values())
    assert counts["1.1"] + counts["1.2"] == 90
    before = rows_of("responses.disposition")
    stage.decide_dispositions(ROUND)
    assert rows_of("responses.disposition") == before


def test_a_round_is_frozen_only_after_its_last_day_and_then_never_changes(everybody: pd.DataFrame) -> None:
    clock.move_to(datetime(2023, 9, 18, 23, 59, tzinfo=COPENHAGEN))
    assert stage.rounds_due_to_close() == []
    with pytest.raises(RoundIsStillOpen, match="takes answers until 2023-09-18"):
        stage.close_and_freeze(ROUND)
    clock.move_to(datetime(2023, 9, 19, 0, 1, tzinfo=COPENHAGEN))
    assert stage.rounds_due_to_close() == [ROUND]
    frozen = stage.close_and_freeze(ROUND)
    assert frozen["response_count"] == frozen["complete_count"] + frozen["partial_count"] == 90
    assert frozen["sampled_count"] == 120
    assert stage.rounds_due_to_close() == []

    kept = [rows_of(table) for table in (*TABLES, "responses.snapshot", "responses.expectation_result")]
    as_owner("UPDATE answers.form SET revision = revision + 1")
    assert stage.close_and_freeze(ROUND) == frozen
    stage.collect(ROUND)
    stage.validate(ROUND)
    stage.decide_dispositions(ROUND)
    assert [rows_of(table) for table in (*TABLES, "responses.snapshot", "responses.expectation_result")] == kept


def test_a_changed_answer_under_a_frozen_snapshot_stops_everything_after(everybody: pd.DataFrame) -> None:
    as_owner("UPDATE responses.answer SET score = 6 - score WHERE item_id = 'overall' AND score <> 3")
    with pytest.raises(SnapshotChanged, match="are not those that were frozen"):
        stage.close_and_freeze(ROUND)


def test_an_unknown_round_is_named() -> None:
    with pytest.raises(UnknownRound, match="Ingen runde har id 1999-1"):
        stage.collect("1999-1")
