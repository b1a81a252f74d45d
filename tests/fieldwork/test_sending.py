"""Who is written to, and above all who is not: the guards of the ledger, through the real database and gateways."""

import itertools
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from borgerpuls import clock, settings
from borgerpuls.database import transaction
from borgerpuls.errors import (
    ApproverOpenedTheRound,
    ContentHasChanged,
    GatewayRefusesUs,
    RoundIsNotOpen,
    RoundIsStillOpen,
    UnknownRound,
)
from borgerpuls.fieldwork import departure, dispatch, operations, stage
from borgerpuls.fieldwork.letters import MunicipalityText
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.gateways import read_ledger
from borgerpuls.vault import vault

HERE, THERE = "0461", "0707"
_years = itertools.count(3001)


@pytest.fixture
def round_id(gateways: Any) -> str:
    """A round id that nobody has used."""
    return f"{next(_years)}-2"


def run(statement: str, **parameters: object) -> None:
    from borgerpuls.database import engine

    with engine("database_admin_url").begin() as connection:
        connection.execute(text(statement), parameters)


def states(round_id: str, wave: int = 1, slot: str = "main") -> dict[tuple[str, str | None], int]:
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            text(
                "SELECT state, reason, count(*) FROM fieldwork.message "
                "WHERE round_id = :r AND wave = :w AND slot = :s GROUP BY state, reason"
            ),
            {"r": round_id, "w": wave, "s": slot},
        )
        return {(row[0], row[1]): row[2] for row in rows}


def complete_form(round_id: str, person_id: object) -> None:
    run(
        "UPDATE answers.form SET state = 'completed' WHERE response_id = link.response_id(:k, :p)",
        k=vault().round_key(round_id).link_key,
        p=person_id,
    )


# --- planning -----------------------------------------------------------------------------------------------------


def test_each_person_gets_five_planned_messages_one_form_and_one_access(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 4}, is_approved=False)
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            text("SELECT wave, slot, due_date, count(*) FROM fieldwork.message WHERE round_id = :r GROUP BY 1, 2, 3"),
            {"r": round_id},
        ).all()
        accesses = connection.execute(
            text(
                "SELECT count(*) FROM link.access a JOIN answers.form f USING (response_id) "
                "WHERE a.round_id = :r AND f.state = 'unopened'"
            ),
            {"r": round_id},
        ).scalar_one()
    assert sorted(rows) == [
        (1, "main", drill.INVITATION_DATE, 4),
        (2, "main", drill.REMINDER_1_DATE, 4),
        (2, "sms", drill.REMINDER_1_DATE, 4),
        (3, "main", drill.REMINDER_2_DATE, 4),
        (3, "sms", drill.REMINDER_2_DATE, 4),
    ]
    assert accesses == 4


def test_planning_again_changes_no_row(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 4, THERE: 3})

    def everything() -> list[Any]:
        with transaction("fieldwork") as connection:
            return [
                connection.execute(
                    text(f"SELECT * FROM {table} WHERE round_id = :r ORDER BY 1, 2, 3, 4"), {"r": round_id}
                ).all()
                for table in ("fieldwork.message", "link.access", "fieldwork.municipality_text", "fieldwork.preview")
            ]

    before = everything()
    assert stage.plan_messages(round_id) == {"people": 7, "messages": 35}
    stage.prepare_dry_run(round_id)
    assert everything() == before
    assert len(before[0]) == 35


def test_the_database_refuses_a_second_message_of_the_same_wave_and_slot(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 1})
    with pytest.raises(IntegrityError, match="message_pkey"):
        run(
            "INSERT INTO fieldwork.message (round_id, person_id, wave, slot, municipality_code, message_id, "
            "transaction_id, due_date) SELECT round_id, person_id, wave, slot, municipality_code, gen_random_uuid(), "
            "gen_random_uuid(), due_date FROM fieldwork.message WHERE round_id = :r LIMIT 1",
            r=round_id,
        )


# --- dry run and approval -------------------------------------------------------------------------------------------


def test_previews_show_real_texts_and_nobody(round_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORGERPULS_GATEWAY_TOKEN", "")  # no credential is needed to look
    settings.settings.cache_clear()
    people = drill.make_round(round_id, {HERE: 8}, is_approved=False, names=("Zebulonia", "Ærine", "<b>Quintus"))
    with transaction("fieldwork") as connection:
        shown = pd.DataFrame(
            connection.execute(text("SELECT * FROM fieldwork.preview WHERE round_id = :r"), {"r": round_id}).mappings()
        )
    assert set(shown["occasion"]) >= {"eksempel", "laengste_navn", "danske_bogstaver", "uden_telefon", "saertegn"}
    everything = " ".join(shown["body"])
    assert "Øvelse 0461 Kommune" in everything
    for secret in ("Zebulonia", "Ærine", "Quintus", *people["cpr"]):
        assert secret not in everything
    assert vault().round_key(round_id).link_token(people["person_id"][0]) not in everything
    monkeypatch.undo()
    settings.settings.cache_clear()


def test_the_one_who_opened_a_round_cannot_approve_it_in_any_spelling(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 1}, is_approved=False)
    for spelling in ("drift", " Drift "):
        with pytest.raises(ApproverOpenedTheRound, match="en anden"):
            stage.record_approval(round_id, spelling)
    assert stage.record_approval(round_id, "kollega") == {"approved": 1}
    assert stage.record_approval(round_id, "kollega") == {"approved": 0}


def test_a_round_that_is_over_is_planned_and_approved_again_without_a_change_and_only_if_it_was(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2}, is_approved=False)
    assert not stage.is_approved(round_id)
    run("UPDATE rounds.round SET state = 'closed' WHERE round_id = :r", r=round_id)
    with pytest.raises(RoundIsNotOpen, match="Runden er lukket"):
        stage.record_approval(round_id, "kollega")
    run("UPDATE rounds.round SET state = 'open' WHERE round_id = :r", r=round_id)
    stage.record_approval(round_id, "kollega")
    assert stage.is_approved(round_id)
    before = states(round_id)
    run("UPDATE rounds.round SET state = 'published' WHERE round_id = :r", r=round_id)
    assert stage.plan_messages(round_id) == {"people": 2, "messages": 10}
    assert stage.record_approval(round_id, "kollega") == {"approved": 0}
    assert states(round_id) == before


def test_what_has_changed_since_the_dry_run_cannot_be_approved(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2}, is_approved=False)
    run("UPDATE fieldwork.municipality_text SET contact_phone = '11 11 11 11' WHERE round_id = :r", r=round_id)
    with pytest.raises(ContentHasChanged, match="kør prepare_dry_run"):
        stage.record_approval(round_id, "kollega")
    stage.prepare_dry_run(round_id)
    stage.record_approval(round_id, "kollega")


def test_an_unapproved_round_sends_nothing(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 3}, is_approved=False)
    assert stage.send_due(round_id, HERE)["sent"] == 0
    # Not even when somebody marks the approval task as success and the round as approved.
    run("UPDATE rounds.round SET state = 'approved' WHERE round_id = :r", r=round_id)
    counts = stage.send_due(round_id, HERE)
    assert (counts["sent"], counts["held"]) == (0, 3)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fieldwork.municipality_text SET local_paragraph = 'Ny' WHERE round_id = :r",
        "UPDATE rounds.round SET close_date = close_date + 1 WHERE round_id = :r",
        "UPDATE fieldwork.message SET due_date = due_date - 1 WHERE round_id = :r AND wave = 3",
        "DELETE FROM sampling.sample WHERE round_id = :r AND person_id::text = "  # noqa: ISC004
        "(SELECT min(person_id::text) FROM sampling.sample WHERE round_id = :r)",
        "INSERT INTO fieldwork.arm SELECT round_id, person_id, 'without_sms' FROM sampling.sample WHERE round_id = :r",
    ],
)
def test_sample_texts_dates_and_arms_other_than_the_approved_are_not_sent(round_id: str, change: str) -> None:
    drill.make_round(round_id, {HERE: 3})
    run(change, r=round_id)
    counts = stage.send_due(round_id, HERE)
    assert (counts["sent"], counts["held"]) == (0, 3)


def test_a_municipality_may_change_its_words_and_needs_a_new_approval(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2})
    with transaction("fieldwork") as connection:
        row = (
            connection.execute(text("SELECT * FROM fieldwork.municipality_text WHERE round_id = :r"), {"r": round_id})
            .mappings()
            .one()
        )
    fields = {name: row[name] for name in MunicipalityText.__dataclass_fields__}
    operations.set_municipality_text(
        round_id, HERE, MunicipalityText(**(fields | {"local_paragraph": "Vi ses {{ her }}."}))
    )
    assert stage.send_due(round_id, HERE)["sent"] == 0
    stage.prepare_dry_run(round_id)
    stage.record_approval(round_id, "kollega")
    assert stage.send_due(round_id, HERE)["sent"] == 2


# --- the guards -----------------------------------------------------------------------------------------------------


def test_a_second_run_sends_nothing(round_id: str, gateways: Any) -> None:
    drill.make_round(round_id, {HERE: 40, THERE: 5})
    assert stage.send_due(round_id, HERE)["accepted"] == 40
    assert stage.send_due(round_id, HERE)["sent"] == 0
    assert states(round_id) == {("accepted", None): 40, ("planned", None): 5}
    verdict = drill.judge(round_id, gateways.ledgers)
    assert verdict.doubles == verdict.lost == verdict.forgotten == 0


def test_a_paused_round_sends_nothing_until_it_is_resumed(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2})
    operations.pause(round_id, "øvelse", "drift")
    assert stage.send_due(round_id, HERE)["sent"] == 0
    operations.resume(round_id, "drift")
    assert stage.send_due(round_id, HERE)["sent"] == 2


def test_a_pause_in_mid_wave_stops_before_the_next_window_leaves(
    round_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill.make_round(round_id, {HERE: 200})
    windows = itertools.count(1)

    def passes(point: str) -> None:
        if point == "begun" and next(windows) == 2:
            operations.pause(round_id, "øvelse", "drift")

    monkeypatch.setattr(dispatch, "passes", passes)
    sent = stage.send_due(round_id, HERE)["sent"]
    assert 0 < sent <= 2 * settings.settings().send_window
    assert stage.state_counts(round_id) == {"accepted": sent, "planned": 1000 - sent}


def test_a_stopped_round_never_sends_again(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2})
    operations.stop(round_id, "øvelse", "drift")
    assert stage.send_due(round_id, HERE)["sent"] == 0
    assert stage.finish_messages(round_id) == {"cancelled": 10}


def test_those_who_have_answered_declined_died_or_moved_are_not_written_to(round_id: str) -> None:
    people = drill.make_round(round_id, {HERE: 6})["person_id"]
    complete_form(round_id, people[0])
    for person, reason in zip(people[1:5], ("opted_out", "dead", "moved", "withdrawn"), strict=True):
        run("INSERT INTO fieldwork.opt_out VALUES (:r, :p, :why, now())", r=round_id, p=person, why=reason)
    counts = stage.send_due(round_id, HERE)
    assert (counts["sent"], counts["cancelled"]) == (1, 5)
    assert states(round_id) == {
        ("accepted", None): 1,
        ("cancelled", "answered"): 1,
        ("cancelled", "opted_out"): 1,
        ("cancelled", "dead"): 1,
        ("cancelled", "moved"): 1,
        ("cancelled", "withdrawn"): 1,
    }


def test_two_waves_never_meet_within_six_days(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 3})
    run("UPDATE fieldwork.message SET due_date = :d WHERE round_id = :r", d=drill.INVITATION_DATE, r=round_id)
    stage.prepare_dry_run(round_id)
    stage.record_approval(round_id, "kollega")
    assert stage.send_due(round_id, HERE)["sent"] == 3  # all waves are due; one goes
    assert stage.send_due(round_id, HERE)["sent"] == 0
    assert states(round_id, wave=2) == {("planned", None): 3}
    for days, expected in ((5, 0), (6, 3)):
        run("UPDATE fieldwork.message SET sent_at = :t WHERE round_id = :r AND wave = 1", r=round_id,
            t=clock.now() - timedelta(days=days))  # fmt: skip
        counts = stage.send_due(round_id, HERE)
        assert counts["sent"] >= expected
        assert (counts["sent"] == 0) == (expected == 0)
    assert states(round_id, wave=3) == {("planned", None): 3}


def test_a_message_in_doubt_is_never_sent_again(round_id: str, gateways: Any) -> None:
    drill.make_round(round_id, {HERE: 2})
    run("UPDATE fieldwork.message SET state = 'unknown', channel = 'digital_post' WHERE round_id = :r AND wave = 1",
        r=round_id)  # fmt: skip
    before = [len(read_ledger(path)) for path in gateways.ledgers]
    assert stage.send_due(round_id, HERE)["sent"] == 0
    assert [len(read_ledger(path)) for path in gateways.ledgers] == before


def test_real_numbers_never_reach_the_sandbox(round_id: str, gateways: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drill.make_round(round_id, {HERE: 2})
    monkeypatch.setattr(departure, "belongs_to_these_gateways", lambda cpr: False)
    counts = stage.send_due(round_id, HERE)
    assert (counts["sent"], counts["unsendable"]) == (0, 2)
    assert states(round_id) == {("failed", "forkert_nummerserie"): 2}


@pytest.mark.parametrize(
    ("gateways_are", "synthetic_may", "real_may"), [("sandbox", True, False), ("real", False, True)]
)
def test_each_world_takes_only_its_own_numbers(
    gateways: Any, monkeypatch: pytest.MonkeyPatch, gateways_are: str, synthetic_may: bool, real_may: bool
) -> None:
    monkeypatch.setattr(settings.settings(), "gateways", gateways_are)
    # The day of birth decides: 61 is invented, 31 is somebody's, whatever the rest.
    assert departure.belongs_to_these_gateways("61" + "0" * 8) == synthetic_may
    assert departure.belongs_to_these_gateways("31" + "0" * 8) == real_may


def test_wrong_credentials_send_nothing_and_leave_everything_planned(
    round_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill.make_round(round_id, {HERE: 3})
    monkeypatch.setenv("BORGERPULS_GATEWAY_TOKEN", "forkert")
    settings.settings.cache_clear()
    try:
        with pytest.raises(GatewayRefusesUs, match="401"):
            stage.send_due(round_id, HERE)
    finally:
        monkeypatch.undo()
        settings.settings.cache_clear()
    assert states(round_id) == {("planned", None): 3}
    assert stage.send_due(round_id, HERE)["sent"] == 3


def test_an_unknown_round_is_named() -> None:
    with pytest.raises(UnknownRound, match="1999-1"):
        stage.plan_messages("1999-1")


# --- channels ---------------------------------------------------------------------------------------------------------


def test_who_has_no_digital_post_gets_a_text_and_who_has_nothing_is_counted(
    round_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = drill.make_round(round_id, {HERE: 4}, mobile=("20 30 40 50", "", "21 31 41 51", ""))
    registrations = tmp_path / "registrations.csv"
    registrations.write_text(
        "cpr,is_digital_post,is_nemsms\n"
        + "".join(f"{cpr},{dp},0\n" for cpr, dp in zip(people["cpr"], "1100", strict=True))
    )
    ledger = tmp_path / "digital_post.tsv"
    with drill.running_gateway("digital_post", "gateway-secret", ledger, registrations=registrations) as url:
        monkeypatch.setattr(settings.settings(), "digital_post_gateway_url", url)
        counts = stage.send_due(round_id, HERE)
    assert (counts["sent"], counts["unreachable"]) == (3, 1)
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            text("SELECT person_id, channel, state, reason FROM fieldwork.message WHERE round_id = :r AND wave = 1"),
            {"r": round_id},
        ).all()
    by_person = {row.person_id: (row.channel, row.state, row.reason) for row in rows}
    assert [by_person[person] for person in people["person_id"]] == [
        ("digital_post", "accepted", None),
        ("digital_post", "accepted", None),
        ("sms", "accepted", None),
        (None, "failed", "unreachable"),
    ]
    assert len(read_ledger(ledger)) == 2


def test_neither_cpr_number_nor_name_nor_phone_is_in_any_log_or_in_the_journal(
    round_id: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    people = drill.make_round(round_id, {HERE: 8})
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().warning("the net is out")
        counts = stage.send_due(round_id, HERE)
        stage.collect_receipts(round_id)
    assert counts["accepted"] == 8
    journal = (settings.settings().journal_place() / round_id / f"{HERE}.tsv").read_text(encoding="utf-8")
    assert journal.count("intent") == 8
    written = caplog.text + "".join(capfd.readouterr()) + journal
    assert "the net is out" in written
    for number in people["cpr"]:
        assert number not in written
        assert f"{number[:6]}-{number[6:]}" not in written
    for secret in ("Øvelsesen", "20304050", "28123456"):
        assert secret not in written


# --- receipts and the end ---------------------------------------------------------------------------------------------


def test_receipts_settle_messages_once_however_often_they_are_read(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 5})
    stage.send_due(round_id, HERE)
    first = stage.collect_receipts(round_id)
    assert first["moved"] >= 5
    assert stage.collect_receipts(round_id)["receipts"] == 0
    assert states(round_id) == {("delivered", None): 5}
    run("UPDATE fieldwork.receipt_cursor SET position = 0")  # the queue is handed out again from the start
    assert stage.collect_receipts(round_id)["receipts"] == 0
    assert states(round_id) == {("delivered", None): 5}


def test_a_round_cannot_be_finished_before_its_last_day_is_over(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 1})
    with pytest.raises(RoundIsStillOpen, match="18-09-2023"):
        stage.finish_messages(round_id)


def test_the_monitor_adds_up_to_what_was_planned(round_id: str) -> None:
    from borgerpuls.fieldwork.monitor import adds_up, totals

    people = drill.make_round(round_id, {HERE: 5, THERE: 4})["person_id"]
    complete_form(round_id, people[0])
    stage.send_due(round_id, HERE)
    stage.collect_receipts(round_id)
    table = stage.monitor(round_id)
    assert adds_up(table)
    assert table["planned"].sum() == 45
    by_municipality = totals(table, ["municipality_code"]).set_index("municipality_code")
    assert by_municipality.loc[HERE, ["delivered", "cancelled"]].tolist() == [4, 1]
    assert by_municipality.loc[HERE, "delivered_share"] == 1.0
    assert not adds_up(table.assign(delivered=table["delivered"] + 1))
