"""The citizens' own words reach a report only when a person has read them, and only where many have written."""

from datetime import date, datetime

import pandas as pd
import pytest
from collected_round import ROUND, as_owner, open_round
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from borgerpuls import clock
from borgerpuls.cli import app
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import transaction
from borgerpuls.errors import OpenAnswerIsUnknown, RoundIsStillOpen
from borgerpuls.questionnaire.stage import submit_forms
from borgerpuls.responses import stage
from borgerpuls.sandbox.postgres import EmbeddedPostgres

WRITERS = {"0461": 12, "0707": 9}


@pytest.fixture(scope="module")
def texts(round_database: EmbeddedPostgres) -> pd.DataFrame:
    """Twelve citizens of Odense and nine of Norddjurs write; one of Odense names somebody; the round is frozen."""
    clock.move_to(datetime(2023, 8, 24, 12, tzinfo=COPENHAGEN))
    everybody = open_round(45)
    writers = pd.concat([everybody[everybody["municipality_code"] == code].head(n) for code, n in WRITERS.items()])
    submissions = writers[["response_id"]].assign(is_completed=True, saved_date=date(2023, 8, 24), duration_seconds=200)
    answers = pd.DataFrame(
        [(each, "status", ["igangvaerende"]) for each in writers["response_id"]],
        columns=["response_id", "item_id", "choices"],
    )
    written = [f"Det gik fint nummer {number}." for number in range(len(writers) - 1)]
    own = writers[["response_id"]].assign(
        item_id="why", answer_text=["Min sagsbehandler Gerda Hansen var god.", *written]
    )
    submit_forms(ROUND, submissions, answers, own)
    with pytest.raises(RoundIsStillOpen, match="can still change"):
        stage.open_answers(ROUND)
    clock.move_to(datetime(2023, 9, 19, 8, tzinfo=COPENHAGEN))
    stage.close_and_freeze(ROUND)
    return stage.open_answers(ROUND)


def approved() -> list[tuple[str, ...]]:
    with transaction("reporting") as connection:
        found = connection.execute(
            text("SELECT * FROM responses.approved_open_answer WHERE round_id = :r"), {"r": ROUND}
        )
        assert list(found.keys()) == ["round_id", "municipality_code", "item_id", "text"]
        return [tuple(row) for row in found]


def test_nothing_is_printed_that_nobody_has_read(texts: pd.DataFrame) -> None:
    assert len(texts) == 21
    assert texts["decision"].isna().all()
    assert approved() == []


def test_an_approved_text_reaches_the_report_scrubbed_and_only_where_ten_have_written(texts: pd.DataFrame) -> None:
    named = texts[texts["scrubbed_text"].str.contains("sagsbehandler")]
    few = texts[texts["municipality_code"] == "0707"]
    stage.decide_open_answers(ROUND, [*named["reference"], *few["reference"]], is_approved=True, decided_by="aase")
    assert approved() == [(ROUND, "0461", "why", "Min sagsbehandler [navn] var god.")]
    again = stage.open_answers(ROUND).set_index("reference").loc[named["reference"].iloc[0]]
    assert (again["decision"], again["decided_by"]) == ("approved", "aase")
    assert again["decided_at"] == clock.now()


def test_a_text_that_has_changed_since_it_was_read_is_not_printed(texts: pd.DataFrame) -> None:
    before = approved()
    assert before
    change = "UPDATE responses.open_answer SET scrubbed_text = scrubbed_text || :more WHERE round_id = :r"
    as_owner(change, more=" X", r=ROUND)
    try:
        assert approved() == []
    finally:
        as_owner(
            "UPDATE responses.open_answer SET scrubbed_text = left(scrubbed_text, -2) WHERE round_id = :r", r=ROUND
        )
    assert approved() == before


def test_an_approval_is_taken_back_and_both_decisions_stay_written_down(texts: pd.DataFrame) -> None:
    reference = texts.loc[texts["municipality_code"] == "0461", "reference"].iloc[0]
    runner = CliRunner()
    assert "godkendt af" in runner.invoke(app, ["responses", "open-answers", "approve", ROUND, reference]).output
    assert (
        reference in runner.invoke(app, ["responses", "open-answers", "list", ROUND, "--municipality", "0461"]).output
    )
    before = len(approved())
    assert "afvist af" in runner.invoke(app, ["responses", "open-answers", "decline", ROUND, reference]).output
    assert len(approved()) == before - 1
    with transaction("responses") as connection:
        rows = connection.execute(text("SELECT count(*) FROM responses.open_answer_decision")).scalar_one()
    assert rows >= 3
    for change in (
        "UPDATE responses.open_answer_decision SET decided_by = 'x'",
        "DELETE FROM responses.open_answer_decision",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction("responses") as connection:
            connection.execute(text(change))


def test_reading_one_by_one_asks_about_the_undecided_only(texts: pd.DataFrame) -> None:
    left = int(stage.open_answers(ROUND)["decision"].isna().sum())
    shown = CliRunner().invoke(app, ["responses", "open-answers", "review", ROUND], input="j\nn\nv\ns\n")
    assert shown.exit_code == 0
    assert f"{left} tekster er ikke læst" in shown.output
    assert int(stage.open_answers(ROUND)["decision"].isna().sum()) == left - 2


def test_reading_the_texts_of_a_stranger_is_refused(texts: pd.DataFrame) -> None:
    for command in ("review", "list"):
        refused = CliRunner().invoke(app, ["responses", "open-answers", command, ROUND, "--municipality", "9999"])
        assert (refused.exit_code, refused.output.startswith("MunicipalityIsNotInRound")) == (2, True)


def test_an_unknown_reference_decides_nothing(texts: pd.DataFrame) -> None:
    before = stage.open_answers(ROUND)["decision"].tolist()
    known = texts["reference"].iloc[-1]
    with pytest.raises(OpenAnswerIsUnknown, match="no open answer 'findes ikke'; nothing was decided"):
        stage.decide_open_answers(ROUND, [known, "findes ikke"], is_approved=False, decided_by="aase")
    assert stage.open_answers(ROUND)["decision"].tolist() == before


def test_reports_read_the_approved_texts_and_no_answer(texts: pd.DataFrame) -> None:
    for table in ("responses.open_answer", "responses.readable_open_answer", "responses.answer", "responses.response"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction("reporting") as connection:
            connection.execute(text(f"SELECT * FROM {table}"))
