"""A wrong plan: replaced until somebody has approved it, all the way to the letters, and never after."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.database import engine
from borgerpuls.errors import (
    ApproverOpenedTheRound,
    ContentHasChanged,
    NothingToApprove,
    RoundIsAlreadyOpen,
    SampleIsApproved,
)
from borgerpuls.fieldwork import operations
from borgerpuls.fieldwork import stage as fieldwork
from borgerpuls.rounds import stage
from borgerpuls.sampling import stage as sampling
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres

LEFT_OUT, KEPT = "0461", "0727"


def rows(statement: str, **parameters: Any) -> list[Any]:
    with engine("database_admin_url").begin() as connection:
        return list(connection.execute(text(statement), parameters).fetchall())


def form_of(round_id: str, **changes: Any) -> dict[str, Any]:
    """The drill's own round as a form."""
    return {
        "round_id": round_id, "name": "Øvelse", "municipalities": [LEFT_OUT, KEPT], "sample_rule": "census",
        "questionnaire_version": "2023", "codebook_version": "2023", "channels": ["digital_post", "sms"], "seed": 7,
        "reference_start_date": "2023-04-01", "reference_end_date": "2023-06-30", "key_date": "2023-08-01",
        "invitation_date": drill.INVITATION_DATE.isoformat(), "reminder_1_date": drill.REMINDER_1_DATE.isoformat(),
        "reminder_2_date": drill.REMINDER_2_DATE.isoformat(), "close_date": drill.CLOSE_DATE.isoformat(),
    } | changes  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _clock(round_database: EmbeddedPostgres) -> None:
    clock.move_to(drill.INSIDE_THE_WINDOW)


def planned_and_shown(round_id: str) -> str:
    """Draw, plan and show the round as its DAGs do, and return the hash of what is shown."""
    sampling.draw_sample(round_id)
    fieldwork.plan_messages(round_id)
    fieldwork.prepare_dry_run(round_id)
    return fieldwork.dry_run(round_id)[0]


def test_a_replaced_plan_reaches_the_letters_and_what_was_shown_before_can_be_approved_no_more() -> None:
    round_id, later = "2020-1", date(2023, 9, 6)
    drill.make_round(round_id, {LEFT_OUT: 4, KEPT: 6}, is_approved=False)
    before = fieldwork.dry_run(round_id)[0]
    corrected = form_of(
        round_id, municipalities=[KEPT], reminder_2_date=later.isoformat(), questionnaire_version="2024",
        codebook_version="2024",
    )  # fmt: skip
    with pytest.raises(RoundIsAlreadyOpen, match="sæt kryds ved »Erstat planen«"):
        stage.open_round(corrected, "kollega", "run 2")
    assert stage.open_round(corrected | {"replace_plan": True}, "kollega", "run 3").is_news
    with pytest.raises(NothingToApprove):
        fieldwork.record_approval(round_id, "drift", before)

    # The frame of the new plan: its one municipality. Sample, letters and forms follow it.
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("DELETE FROM frame.person WHERE round_id = :r AND municipality_code = :m"),
            {"r": round_id, "m": LEFT_OUT},
        )
    shown = planned_and_shown(round_id)
    assert rows("SELECT DISTINCT municipality_code FROM fieldwork.message WHERE round_id = :r", r=round_id) == [(KEPT,)]
    assert rows("SELECT DISTINCT wave, due_date FROM fieldwork.message WHERE round_id = :r ORDER BY 1", r=round_id) == [
        (1, drill.INVITATION_DATE), (2, drill.REMINDER_1_DATE), (3, later),
    ]  # fmt: skip
    assert rows(
        "SELECT DISTINCT f.questionnaire_version FROM answers.form f JOIN link.access USING (response_id)"
        " WHERE f.round_id = :r",
        r=round_id,
    ) == [("2024",)]
    with pytest.raises(ContentHasChanged, match="nyeste anmodning"):
        fieldwork.record_approval(round_id, "drift", before)
    with pytest.raises(ApproverOpenedTheRound):
        fieldwork.record_approval(round_id, "kollega", shown)
    assert fieldwork.record_approval(round_id, "drift", shown) == {"approved": 1}

    kept = rows("SELECT opened_by, plan ->> 'reminder_2_date' FROM rounds.opening WHERE round_id = :r", r=round_id)
    assert kept == [("kollega", later.isoformat())]
    with pytest.raises(RoundIsAlreadyOpen, match="åbn runden under et andet id"):
        stage.open_round(form_of(round_id, replace_plan=True), "drift", "run 4")
    with engine("database_admin_url").begin() as connection:
        connection.execute(text("UPDATE rounds.round SET seed = 8, sample_rule = '{\"rule\": \"sizes\", \"sizes\":"
                                " {\"0727\": 2}}' WHERE round_id = :r"), {"r": round_id})  # fmt: skip
    with pytest.raises(SampleIsApproved, match="byttes aldrig"):
        sampling.draw_sample(round_id)


def test_a_corrected_extract_is_drawn_from_again_until_somebody_has_approved() -> None:
    round_id = "2020-2"
    drill.make_round(round_id, {KEPT: 6}, is_approved=False)
    with engine("database_admin_url").begin() as connection:
        connection.execute(text('UPDATE rounds.round SET sample_rule = \'{"rule": "census"}\''))
    before = planned_and_shown(round_id)
    with engine("database_admin_url").begin() as connection:
        gone = connection.execute(
            text("DELETE FROM frame.person WHERE person_id = (SELECT min(person_id::text)::uuid FROM frame.person"
                 " WHERE round_id = :r) RETURNING person_id"), {"r": round_id}
        ).scalar_one()  # fmt: skip
    assert planned_and_shown(round_id) != before
    left = {row.person_id for row in rows("SELECT person_id FROM fieldwork.message WHERE round_id = :r", r=round_id)}
    assert len(left) == 5
    assert gone not in left


def test_a_stopped_round_that_was_never_approved_is_opened_again_and_one_that_was_is_not() -> None:
    for round_id, is_approved in (("2021-1", False), ("2021-2", True)):
        drill.make_round(round_id, {KEPT: 2}, is_approved=is_approved)
        operations.stop(round_id, "forkert plan", "drift")
        again = form_of(round_id, municipalities=[KEPT], replace_plan=True, name="Rettet")
        if is_approved:
            with pytest.raises(RoundIsAlreadyOpen, match="åbn runden under et andet id"):
                stage.open_round(again, "drift", "run")
        else:
            assert stage.open_round(again, "drift", "run").is_news
            assert rows("SELECT state, name, pause_reason FROM rounds.round WHERE round_id = :r", r=round_id) == [
                ("open", "Rettet", None)
            ]


def test_a_run_whose_plan_was_replaced_does_not_put_it_back_when_it_is_cleared() -> None:
    round_id = "2022-1"
    first, second = (form_of(round_id, name=name, replace_plan=True) for name in ("Første", "Anden"))
    stage.open_round(first, "drift", "run 1")
    stage.open_round(second, "drift", "run 2")
    with pytest.raises(RoundIsAlreadyOpen, match="siden erstattet"):
        stage.open_round(first, "drift", "run 1")
    assert stage.open_round(second, "drift", "run 2").is_news
    assert rows("SELECT name FROM rounds.round WHERE round_id = :r", r=round_id) == [("Anden",)]
