"""T2-T6 and T8-T11, scaled: gateways that misbehave, a database that goes back in time, runs that meet."""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from borgerpuls import clock, settings
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import close_engines, engine, transaction
from borgerpuls.errors import GatewayIsDown, JournalIsUnwritable, RoundWasRestored
from borgerpuls.fieldwork import journal as journals
from borgerpuls.fieldwork import operations, stage
from borgerpuls.fieldwork.ledger import Ledger
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.gateways import FAULTS, read_ledger
from borgerpuls.sandbox.postgres import EmbeddedPostgres, free_port

HERE, THERE = "0461", "0707"
AMBIGUOUS = {"error_before", "error_after", "silence_after", "reset_after", "broken_xml"}


@pytest.fixture(autouse=True)
def _clock_inside_the_window(round_database: EmbeddedPostgres) -> Iterator[None]:
    clock.move_to(max(drill.INSIDE_THE_WINDOW, _now()))
    yield
    settings.settings.cache_clear()


def _now() -> datetime:
    with transaction("rounds") as connection:
        moment = connection.execute(text("SELECT simulated_at FROM rounds.clock")).scalar()
    return moment.astimezone(COPENHAGEN) if moment else drill.INSIDE_THE_WINDOW


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Path]]]:
    """Start both gateways with some behaviour; return their ledgers."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(**behaviour: Any) -> list[Path]:
            run("DELETE FROM fieldwork.receipt_cursor")  # these gateways' queues begin anew
            ledgers = [tmp_path / "digital_post.tsv", tmp_path / "sms.tsv"]
            for kind, ledger in zip(("digital_post", "sms"), ledgers, strict=True):
                url = stack.enter_context(
                    drill.running_gateway(kind, "gateway-secret", ledger, **({"undeliverable": 0.0} | behaviour))
                )
                monkeypatch.setenv(f"BORGERPULS_{kind.upper()}_GATEWAY_URL", url)
            monkeypatch.setenv("BORGERPULS_GATEWAY_TIMEOUT_SECONDS", "1")
            settings.settings.cache_clear()
            return ledgers

        yield start


def run(statement: str, **parameters: object) -> None:
    with engine("database_admin_url").begin() as connection:
        connection.execute(text(statement), parameters)


# --- T2: replies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FAULTS)
def test_t2_no_reply_makes_us_send_twice_or_forget(world: Callable[..., list[Path]], kind: str) -> None:
    ledgers = world(faults=0.3, fault_kind=kind, seed=3)
    round_id = f"{3000 + FAULTS.index(kind)}-2"
    drill.make_round(round_id, {HERE: 40})
    counts = stage.send_due(round_id, HERE)
    verdict = drill.judge(round_id, ledgers)
    assert (verdict.doubles, verdict.lost, verdict.forgotten) == (0, 0, 0)
    states = stage.state_counts(round_id)
    if kind in AMBIGUOUS:
        assert counts["unknown"] == states["unknown"] > 0
        assert counts["not_sent"] == 0  # a doubt is never tried again
    elif kind == "lying_ok":
        assert states["failed"] == counts["rejected"] > 0
    elif kind in {"too_many", "unavailable"}:
        assert counts["not_sent"] > 0
        assert states["accepted"] == 40  # surely not sent, so sent later
    else:
        assert states["accepted"] == 40
    stage.collect_receipts(round_id)
    after = stage.state_counts(round_id)
    in_ledger = {line.message_id for path in ledgers for line in read_ledger(path)}
    assert after.get("delivered", 0) == len(in_ledger)  # every doubt whose message arrived has been settled


def test_t2_a_gateway_that_is_down_gets_nothing_and_everything_stays_planned(
    world: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world()
    drill.make_round("3101-1", {HERE: 5})
    monkeypatch.setenv("BORGERPULS_DIGITAL_POST_GATEWAY_URL", f"http://127.0.0.1:{free_port()}")
    settings.settings.cache_clear()
    with pytest.raises(GatewayIsDown, match="svar"):
        stage.send_due("3101-1", HERE)
    assert stage.state_counts("3101-1") == {"planned": 25}


# --- T3: receipts -----------------------------------------------------------------------------------------------------


def test_t3_receipts_twice_late_contradictory_strange_and_broken_are_each_counted_once(
    world: Callable[..., list[Path]],
) -> None:
    ledgers = world(receipt_faults=0.5, seed=5)
    drill.make_round("3200-2", {HERE: 60})
    stage.send_due("3200-2", HERE)
    first = stage.collect_receipts("3200-2")
    assert first["unreadable"] > 0
    assert first["unknown_ids"] > 0
    states = stage.state_counts("3200-2")
    assert sum(states.values()) == 300
    for _ in range(2):
        run("UPDATE fieldwork.receipt_cursor SET position = 0")
        again = stage.collect_receipts("3200-2")
        assert (again["receipts"], again["unreadable"], again["moved"]) == (0, 0, 0)
        assert stage.state_counts("3200-2") == states
    assert drill.judge("3200-2", ledgers).doubles == 0


def test_t3_a_receipt_that_comes_before_the_reply_stands(world: Callable[..., list[Path]]) -> None:
    world()
    drill.make_round("3201-2", {HERE: 1})
    stage.send_due("3201-2", HERE)
    run("UPDATE fieldwork.message SET state = 'sending', lease_owner = 'x', lease_until = now() + interval '1 hour' "
        "WHERE round_id = '3201-2' AND wave = 1")  # fmt: skip
    stage.collect_receipts("3201-2")
    assert stage.state_counts("3201-2")["delivered"] == 1
    run("UPDATE fieldwork.message SET lease_until = now() - interval '1 hour' WHERE round_id = '3201-2' AND wave = 1")
    stage.send_due("3201-2", HERE)  # recovery must not pull it back
    assert stage.state_counts("3201-2")["delivered"] == 1


# --- T4: the database and the disk --------------------------------------------------------------------------------------


def test_t4_connections_cut_in_mid_wave_lose_and_double_nothing(world: Callable[..., list[Path]]) -> None:
    ledgers = world()
    drill.make_round("3300-2", {HERE: 200})
    cut = {"left": 3}
    original = Ledger.record_and_begin

    def cutting(self: Any, *arguments: Any) -> Any:
        begun = original(self, *arguments)
        if begun and cut["left"]:
            cut["left"] -= 1
            run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'borgerpuls_pipeline' "
                "AND datname = current_database()")  # fmt: skip
        return begun

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "record_and_begin", cutting)
        for _ in range(8):
            try:
                stage.send_due("3300-2", HERE)
            except Exception:  # noqa: BLE001 - whatever a cut connection raises; Airflow would run the task again
                close_engines()
                drill.outlast_leases()
            else:
                if not cut["left"]:
                    break
    assert cut["left"] == 0
    verdict = drill.judge("3300-2", ledgers)
    assert (verdict.doubles, verdict.lost, verdict.forgotten) == (0, 0, 0)
    assert verdict.unknown == 0  # the journal knew what became of them
    assert stage.state_counts("3300-2")["accepted"] == 200


def test_t4_with_a_full_disk_nothing_is_sent_and_the_next_run_needs_no_hand(
    world: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledgers = world()
    drill.make_round("3301-2", {HERE: 50})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(journals.os, "fdatasync", full)
        with pytest.raises(JournalIsUnwritable, match="No space left"):
            stage.send_due("3301-2", HERE)
    assert sum(len(read_ledger(path)) for path in ledgers) == 0
    assert stage.state_counts("3301-2") == {"planned": 250}
    run("UPDATE fieldwork.message SET lease_until = NULL WHERE round_id = '3301-2'")
    assert stage.send_due("3301-2", HERE)["accepted"] == 50
    assert drill.judge("3301-2", ledgers).is_clean()


# --- T5: at once ----------------------------------------------------------------------------------------------------------


def test_t5_two_dispatches_at_once_share_the_work_and_never_a_message(world: Callable[..., list[Path]]) -> None:
    ledgers = world()
    drill.make_round("3400-2", {HERE: 250})
    host = drill.DispatchHost()
    try:
        pids = [host.start("3400-2", HERE) for _ in range(3)]
        assert [host.wait(pid) for pid in pids] == [0, 0, 0]
    finally:
        host.close()
    assert stage.state_counts("3400-2") == {"accepted": 250, "planned": 1000}
    assert sum(len(read_ledger(path)) for path in ledgers) == 250
    assert drill.judge("3400-2", ledgers).is_clean()
    assert stage.send_due("3400-2", HERE)["sent"] == 0


# --- T6: clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "sent"),
    [
        (timedelta(hours=-1), 20), (timedelta(hours=1), 20), (timedelta(days=-1), 0), (timedelta(days=1), 20),
        (timedelta(hours=-4), 0), (timedelta(hours=9), 0),
    ],
)  # fmt: skip
def test_t6_a_clock_that_is_wrong_makes_no_early_and_no_second_wave(
    world: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch, shift: timedelta, sent: int
) -> None:
    ledgers = world()
    round_id = f"{3500 + int(shift.total_seconds() // 3600) + 100}-2"
    drill.make_round(round_id, {HERE: 20})
    monkeypatch.setattr(clock, "now", lambda: drill.INSIDE_THE_WINDOW + shift)
    assert stage.send_due(round_id, HERE)["sent"] == sent
    monkeypatch.setattr(clock, "now", lambda: drill.INSIDE_THE_WINDOW)
    stage.send_due(round_id, HERE)
    assert sum(len(read_ledger(path)) for path in ledgers) == 20
    assert drill.judge(round_id, ledgers).is_clean()


@pytest.mark.parametrize(
    ("first", "second", "may_send"),
    [
        ("2023-10-26T10:00", "2023-10-31T10:00", False),  # five days, one of them 25 hours long
        ("2023-10-26T10:00", "2023-11-01T09:00", True),  # six local days, though only 5 days and 24 hours by UTC
        ("2024-03-26T10:00", "2024-04-02T08:00", True),  # Easter, and an hour lost
        ("2023-12-20T10:00", "2023-12-27T10:00", False),  # between Christmas and New Year nothing is sent
        ("2023-12-20T10:00", "2024-01-03T10:00", True),  # over the end of the year
    ],
)
def test_t6_six_days_are_local_days_through_summer_time_and_new_year(
    world: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch, first: str, second: str, may_send: bool
) -> None:
    world()
    start = datetime.fromisoformat(first).replace(tzinfo=COPENHAGEN)
    again = datetime.fromisoformat(second).replace(tzinfo=COPENHAGEN)
    round_id = f"{start.year + 1000 + again.month * 40 + again.day + (300 if may_send else 0)}-1"
    days = (start.date(), start.date() + timedelta(days=1), start.date() + timedelta(days=2), date(2024, 6, 1))
    drill.make_round(round_id, {HERE: 3}, wave_dates=days)
    monkeypatch.setattr(clock, "now", lambda: start)
    assert stage.send_due(round_id, HERE)["sent"] == 3
    monkeypatch.setattr(clock, "now", lambda: again)
    assert (stage.send_due(round_id, HERE)["sent"] > 0) == may_send


# --- T8, T9, T10: again ---------------------------------------------------------------------------------------------------


def test_t8_t9_every_task_run_three_times_in_any_order_changes_no_row(world: Callable[..., list[Path]]) -> None:
    ledgers = world()
    drill.make_round("3600-2", {HERE: 15, THERE: 10})
    for code in (HERE, THERE):
        stage.send_due("3600-2", code)
    stage.collect_receipts("3600-2")

    def everything() -> list[Any]:
        with transaction("fieldwork") as connection:
            return [
                connection.execute(text(f"SELECT * FROM {table} WHERE round_id = '3600-2' ORDER BY 1, 2, 3, 4")).all()
                for table in ("fieldwork.message", "link.access", "fieldwork.preview", "rounds.approval")
            ]

    before = everything()
    tasks: list[Callable[[], object]] = [
        lambda: stage.plan_messages("3600-2"),
        lambda: stage.prepare_dry_run("3600-2"),
        lambda: stage.record_approval("3600-2", "kollega"),
        lambda: stage.send_due("3600-2", HERE),
        lambda: stage.send_due("3600-2", THERE),
        lambda: stage.collect_receipts("3600-2"),
    ] * 3
    random.Random(9).shuffle(tasks)
    for task in tasks:
        task()
    assert everything() == before
    assert sum(len(read_ledger(path)) for path in ledgers) == 25


@pytest.mark.parametrize("state", ["closed", "published", "stopped"])
def test_t10_an_old_round_sends_nothing_however_it_is_started(world: Callable[..., list[Path]], state: str) -> None:
    ledgers = world()
    round_id = f"{3700 + len(state)}-1"
    drill.make_round(round_id, {HERE: 10})
    run("UPDATE rounds.round SET state = :s WHERE round_id = :r", s=state, r=round_id)
    assert stage.send_due(round_id, HERE)["sent"] == 0
    assert {"round_id": round_id} not in [{"round_id": due["round_id"]} for due in stage.municipalities_due()]
    run("UPDATE rounds.round SET state = 'approved' WHERE round_id = :r", r=round_id)
    with pytest.MonkeyPatch.context() as patch:  # approved, but its last day is long past
        patch.setattr(clock, "now", lambda: datetime(2023, 10, 3, 10, tzinfo=COPENHAGEN))
        assert stage.send_due(round_id, HERE)["sent"] == 0
    assert sum(len(read_ledger(path)) for path in ledgers) == 0


# --- T11: back in time ------------------------------------------------------------------------------------------------------


def test_t11_a_database_restored_to_before_the_wave_sends_nobody_a_second_letter(
    world: Callable[..., list[Path]],
) -> None:
    ledgers = world()
    drill.make_round("3800-2", {HERE: 60})
    run("CREATE TABLE public.kept AS SELECT * FROM fieldwork.message WHERE round_id = '3800-2'")
    assert stage.send_due("3800-2", HERE)["accepted"] == 60
    run("DELETE FROM fieldwork.message WHERE round_id = '3800-2'")
    run("INSERT INTO fieldwork.message SELECT * FROM public.kept")
    run("DROP TABLE public.kept")
    with pytest.raises(RoundWasRestored, match="60 beskeder"):
        stage.send_due("3800-2", HERE)
    assert stage.send_due("3800-2", HERE)["sent"] == 0  # paused by itself
    assert stage.state_counts("3800-2") == {"accepted": 60, "planned": 240}
    operations.resume("3800-2", "drift")
    assert stage.send_due("3800-2", HERE)["sent"] == 0
    assert drill.judge("3800-2", ledgers).is_clean()


def test_t11_a_round_planned_anew_after_its_rows_were_lost_sends_nobody_a_second_letter(
    world: Callable[..., list[Path]],
) -> None:
    ledgers = world()
    drill.make_round("3801-2", {HERE: 20})
    stage.send_due("3801-2", HERE)
    run("DELETE FROM fieldwork.message WHERE round_id = '3801-2'")
    stage.plan_messages("3801-2")
    with pytest.raises(RoundWasRestored, match="20 beskeder"):
        stage.send_due("3801-2", HERE)
    assert drill.judge("3801-2", ledgers).is_clean()


def test_t11_a_message_that_the_backup_calls_cancelled_is_remembered_as_sent(world: Callable[..., list[Path]]) -> None:
    ledgers = world()
    drill.make_round("3802-2", {HERE: 6})
    stage.send_due("3802-2", HERE)
    run("UPDATE fieldwork.message SET state = 'cancelled', reason = 'not_needed', attempt = 0, channel = NULL, "
        "sent_at = NULL WHERE round_id = '3802-2' AND wave = 1")  # fmt: skip
    with pytest.raises(RoundWasRestored, match="6 beskeder"):
        stage.send_due("3802-2", HERE)
    assert stage.state_counts("3802-2")["accepted"] == 6
    assert drill.judge("3802-2", ledgers).is_clean()
