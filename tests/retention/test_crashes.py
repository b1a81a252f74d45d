"""A crash at any point and another run end where an undisturbed run ends; and what is due of rounds of every fate."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as dose
from hypothesis import strategies as st
from lived_round import at, owner
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import transaction
from borgerpuls.errors import RetentionNeedsAttention, RoundIsNotDue, RoundKeyIsMissing, UnknownRound
from borgerpuls.fieldwork import operations
from borgerpuls.retention import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.settings import settings
from borgerpuls.vault import vault

HERE = "0461"
_years = itertools.count(3000)


class Crash(BaseException):
    """The worker is killed here."""


@pytest.fixture(autouse=True)
def _nothing_is_left_for_the_next_test(round_database: EmbeddedPostgres) -> Iterator[None]:
    yield
    dates = ("reference_start", "reference_end", "key", "invitation", "reminder_1", "reminder_2", "close")
    owner(f"UPDATE rounds.round SET {', '.join(f'{name}_date = {name}_date - 400' for name in dates)}")
    for round_id in stage.rounds_due():
        stage.forget_round(round_id, "oprydning")


def make_round(days_before: int = 75, **how: object) -> str:
    """A small approved round that closed so many days before the clock, with something in every place."""
    round_id = f"{next(_years)}-1"
    drill.make_round(round_id, {HERE: 4}, sms_share=0.5, **how)  # type: ignore[arg-type]
    chosen = settings()
    vault().make_extract_key(round_id, HERE)
    for place, name in (
        (chosen.journal_place(), "0461.tsv"), (chosen.letter_place(), "0461/brev.html"), (chosen.inbox_folder, "0461.csv"),
        (chosen.inbox_folder, "andet.csv"),
    ):  # fmt: skip
        path = place / round_id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("6101500000", encoding="utf-8")
    close = clock.today() - timedelta(days=days_before)
    owner(
        "UPDATE rounds.round SET key_date = :a, reference_end_date = :a, reference_start_date = :a, invitation_date = :a, "
        "reminder_1_date = :b, reminder_2_date = :c, close_date = :d WHERE round_id = :r",
        r=round_id, a=close - timedelta(days=9), b=close - timedelta(days=6), c=close - timedelta(days=3), d=close,
    )  # fmt: skip
    return round_id


def end(round_id: str) -> dict[str, object]:
    """How a round ended, without its name."""
    people = owner(
        "SELECT person_id, municipality_code, sex, age_years, age_group, target_group, language, local_1 FROM frame.person "
        "WHERE round_id = :r ORDER BY 1", r=round_id,
    )  # fmt: skip
    return {
        "left": stage._left(round_id),
        "proof": [one.holds for one in stage.prove(round_id)],
        "people": people,
        "sample": owner("SELECT person_id FROM sampling.sample WHERE round_id = :r ORDER BY 1", r=round_id),
        "messages": owner(
            "SELECT wave, slot, planned, cancelled FROM fieldwork.message_count WHERE round_id = :r ORDER BY 1, 2",
            r=round_id,
        ),
        "register": owner(
            "SELECT what, destroyed_n, completed_at IS NOT NULL FROM retention.destruction WHERE round_id = :r ORDER BY 1",
            r=round_id,
        ),
        "state": owner("SELECT state, forgotten_at IS NOT NULL FROM rounds.round WHERE round_id = :r", r=round_id),
    }


def forget(round_id: str, crash_at: int | None, monkeypatch: pytest.MonkeyPatch) -> int:
    """Forget a round and be killed at the n-th point; return how many points were passed."""
    passed = 0

    def passes(point: str) -> None:
        nonlocal passed
        if passed == crash_at:
            raise Crash(point)
        passed += 1

    monkeypatch.setattr(stage, "passes", passes)
    stage.forget_round(round_id, "kørsel")
    return passed


@pytest.fixture
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, object], int]:
    """How a round ends that nothing disturbs, and past how many points."""
    at(date(2024, 1, 15))
    round_id = make_round()
    points = forget(round_id, None, monkeypatch)
    return end(round_id), points


@dose(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a world is too dear to shrink in
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(crashes=st.lists(st.integers(0, 13), min_size=1, max_size=4))
@example(crashes=[0])
@example(crashes=[1])
@example(crashes=[2, 2])
@example(crashes=[3])
@example(crashes=[4])
@example(crashes=[13, 0])
def test_a_crash_anywhere_and_another_run_end_as_an_undisturbed_run(
    undisturbed: tuple[dict[str, object], int], monkeypatch: pytest.MonkeyPatch, crashes: list[int]
) -> None:
    expected, points = undisturbed
    assert points == 14  # one before each of six files, and eight between the steps
    round_id = make_round()
    for crash_at in crashes:
        try:
            forget(round_id, crash_at, monkeypatch)
        except Crash:
            if stage.rounds_due():
                assert not all(one.holds for one in stage.prove(round_id))
                assert any("skulle være glemt" in line for line in attention())
            else:  # after the last file, or again when all was done
                assert end(round_id) == expected
    forget(round_id, None, monkeypatch)
    assert end(round_id) == expected
    assert stage.rounds_due() == []
    assert all(one.holds for one in stage.prove(round_id))


def attention() -> list[str]:
    with pytest.raises(RetentionNeedsAttention) as told:
        stage.watch_deadlines()
    return str(told.value).split("Runde ")


def test_a_crash_amid_an_extract_is_taken_up_by_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    at(date(2024, 2, 1))
    for crash_at in range(5):
        round_id = make_round(days_before=10)
        path = settings().inbox_folder / round_id / "0461.csv"
        owner("INSERT INTO identity.extract_file VALUES (:r, '0461', 'sha', 'sealed', '2024-02-01')", r=round_id)
        owner("INSERT INTO identity.quarantined_row VALUES (:r, '0461', 2, 'sealed', '2024-02-01')", r=round_id)
        owner(
            "INSERT INTO frame.extract (round_id, municipality_code, outcome, file_sha256) VALUES (:r, '0461', 'imported', "
            "encode(sha256('6101500000'), 'hex'))", r=round_id,
        )  # fmt: skip
        points = iter(range(10))

        def passes(point: str, points: Iterator[int] = points, crash_at: int = crash_at) -> None:
            if next(points) == crash_at:
                raise Crash(point)

        monkeypatch.setattr(stage, "passes", passes)
        with pytest.raises(Crash):
            stage.destroy_extract(round_id, HERE, "kørsel")
        monkeypatch.setattr(stage, "passes", lambda point: None)
        assert stage.extracts_due() == [{"round_id": round_id, "municipality_code": HERE}]
        stage.destroy_extract(round_id, HERE, "kørsel")
        assert stage.extracts_due() == []
        assert not path.exists()
        assert (path.parent / "andet.csv").exists()
        assert vault().extract_key(round_id, HERE) is None
        assert vault().round_key(round_id)
        assert owner(
            "SELECT what, destroyed_n, completed_at IS NOT NULL FROM retention.destruction WHERE round_id = :r ORDER BY 1",
            r=round_id,
        ) == [
            ("extract_key", 1, True), ("identity.extract_file", 1, True), ("identity.quarantined_row", 1, True),
            ("inbox", 1, True),
        ]  # fmt: skip


# --- rounds of every fate ---------------------------------------------------------------------------------------------


def test_a_round_that_is_open_is_never_touched_and_one_that_nobody_closed_is_stopped_and_forgotten() -> None:
    at(date(2024, 3, 1))
    still_open, never_closed = make_round(days_before=-10), make_round(days_before=75)
    before = owner("SELECT t, xmin FROM fieldwork.message t WHERE round_id = :r ORDER BY message_id", r=still_open)
    assert stage.rounds_due() == [never_closed]
    with pytest.raises(RoundIsNotDue, match=rf"Runde {still_open}: Runden glemmes først den 25-05-2024; intet er rørt"):
        stage.forget_round(still_open, "kørsel")
    stage.forget_round(never_closed, "kørsel")
    assert owner("SELECT state, pause_reason FROM rounds.round WHERE round_id = :r", r=never_closed) == [
        ("stopped", "fristen er nået, og runden er glemt")
    ]
    assert (
        owner("SELECT t, xmin FROM fieldwork.message t WHERE round_id = :r ORDER BY message_id", r=still_open) == before
    )
    assert vault().round_key(still_open)
    assert [one.sentence for one in stage.prove(still_open)] == ["Runden er ikke glemt. Den glemmes 25-05-2024."]


def test_a_stopped_round_is_forgotten_so_long_after_it_was_stopped_and_its_answers_go_too() -> None:
    at(date(2024, 4, 1))
    round_id = make_round(days_before=-30)
    operations.stop(round_id, "kommunen trak sig", "drift")
    owner(
        "INSERT INTO responses.response (round_id, response_id, revision, batch_number, municipality_code, sex, age_group, "
        "subgroup, target_group, completeness, started_date) VALUES (:r, gen_random_uuid(), 1, 1, '0461', 'mand', '30_49', "
        "'x', 'x', 'complete', '2024-03-30')", r=round_id,
    )  # fmt: skip
    at(date(2024, 6, 14))
    assert stage.rounds_due() == []
    at(date(2024, 6, 15))
    assert stage.rounds_due() == [round_id]
    stage.forget_round(round_id, "kørsel")
    assert all(one.holds for one in stage.prove(round_id))
    assert owner("SELECT count(*) FROM responses.response WHERE round_id = :r", r=round_id) == [(0,)]


def test_a_stop_before_another_plan_opened_the_round_again_is_no_end() -> None:
    at(date(2024, 6, 16))
    round_id = make_round(days_before=75)
    owner("INSERT INTO fieldwork.audit (round_id, happened_at, operator, action) "
          "VALUES (:r, '2023-01-10 10:00+01', 'drift', 'stop')", r=round_id)  # fmt: skip
    owner("UPDATE rounds.round SET opened_at = '2023-01-11 10:00+01' WHERE round_id = :r", r=round_id)
    stage.forget_round(round_id, "kørsel")  # nobody has closed it: it is stopped by that
    assert all(one.holds for one in stage.prove(round_id))


def test_a_key_that_was_not_here_to_be_destroyed_is_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at(date(2024, 6, 20))
    round_id = make_round()
    there = settings().round_key_place()
    monkeypatch.setattr(settings(), "round_key_folder", tmp_path / "another disk")
    with pytest.raises(RoundKeyIsMissing, match=rf"Runde {round_id}: Rundens nøgle findes ikke\."):
        stage.forget_round(round_id, "kørsel")
    assert [one.sentence for one in stage.prove(round_id) if not one.holds] == [
        "Rundens nøgle er ikke destrueret her: mappen er ikke den, den lå i, eller den er gået tabt."
    ]
    assert stage.rounds_due() == [round_id], "the alarm is not silent the next day"
    with pytest.raises(RetentionNeedsAttention, match=rf"Runde {round_id} skulle være glemt"):
        stage.watch_deadlines()
    monkeypatch.setattr(settings(), "round_key_folder", there)
    assert not all(one.holds for one in stage.prove(round_id))
    assert stage.rounds_due() == [round_id]
    assert stage.forget_round(round_id, "kørsel") == {"rows": 0, "files": 2}
    assert all(one.holds for one in stage.prove(round_id))


def test_a_proof_does_not_hold_when_the_promise_was_broken() -> None:
    at(date(2024, 7, 1))
    round_id = make_round(days_before=120)
    stage.forget_round(round_id, "kørsel")
    found = stage.prove(round_id)
    assert [one.sentence for one in found if not one.holds] == ["Lovet senest 03-06-2024, glemt 01-07-2024."]


def test_days_that_were_missed_are_made_good_by_the_next_run() -> None:
    at(date(2024, 8, 1))
    one, other = make_round(days_before=70), make_round(days_before=60)
    assert stage.rounds_due() == []
    at(date(2024, 8, 31))
    assert stage.rounds_due() == [one, other]


def test_two_weeks_before_operations_are_told_of_a_round_that_is_not_published() -> None:
    at(date(2024, 9, 2))
    round_id = make_round(days_before=61)
    for state in ("published", "stopped"):
        owner("UPDATE rounds.round SET state = :s WHERE round_id = :r", s=state, r=round_id)
        assert stage.watch_deadlines()["rounds"] == 1
    owner("UPDATE rounds.round SET state = 'closed' WHERE round_id = :r", r=round_id)
    with pytest.raises(
        RetentionNeedsAttention,
        match=rf"^Runde {round_id} glemmes den 16-09-2024, og dens rapporter er ikke udgivet\. .* Se docs/runbooks/retention\.md\.$",
    ):
        stage.watch_deadlines()
    owner("UPDATE rounds.round SET close_date = close_date + 1 WHERE round_id = :r", r=round_id)
    stage.watch_deadlines()


def test_old_receipts_for_nobodys_message_go_and_new_ones_stay() -> None:
    at(date(2024, 10, 1))
    round_id = make_round(days_before=-10)
    for name, message, day in (
        ("gammel", "gen_random_uuid()", "2024-07-17"), ("ny", "gen_random_uuid()", "2024-07-19"),
        ("kendt", "(SELECT message_id FROM fieldwork.message WHERE round_id = :r LIMIT 1)", "2024-07-01"),
    ):  # fmt: skip
        owner(
            f"INSERT INTO fieldwork.receipt VALUES (:n, {message}, 'delivered', NULL, CAST(:d AS date), false)",
            **({"n": name, "d": day} | ({"r": round_id} if ":r" in message else {})),
        )
    owner("INSERT INTO link.wrong_try VALUES ('x', now() - interval '25 hours'), ('y', now() - interval '23 hours')")
    assert stage.destroy_strays("kørsel") == {"rows": 2, "files": 0}
    assert owner("SELECT address_hash FROM link.wrong_try") == [(b"y",)]
    assert owner("SELECT receipt_id FROM fieldwork.receipt ORDER BY 1") == [("kendt",), ("ny",)]
    owner("DELETE FROM fieldwork.receipt")


def test_no_round_has_the_id() -> None:
    at(date(2024, 12, 1))
    for task in (
        lambda: stage.prove("2999-1"),
        lambda: stage.forget_round("2999-1", "x"),
        lambda: stage.retention_of("2999-1"),
    ):
        with pytest.raises(UnknownRound, match=r"Ingen runde har id 2999-1\."):
            task()


RUN = """
import sys
from airflow.dag_processing.dagbag import DagBag
print("STATE", DagBag(sys.argv[1], bundle_path=sys.argv[1]).dags["retention"].test().state)
"""


def test_airflow_runs_all_of_it_and_logs_nobodys_data(tmp_path: Path) -> None:
    at(date(2024, 12, 15))
    due, other = make_round(), make_round(days_before=-10)
    owner("INSERT INTO identity.extract_file VALUES (:r, '0461', 'sha', 'sealed', '2024-12-15')", r=other)
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "BORGERPULS_TASK_RETRY_SECONDS": "0",
    }
    said = ""
    for command in (["-m", "airflow", "db", "migrate"], ["-c", RUN, str(root / "dags")]):
        ended = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, check=False, timeout=200
        )
        assert ended.returncode == 0, ended.stderr[-1500:]
        said += ended.stdout + ended.stderr
    assert "STATE success" in said
    assert all(one.holds for one in stage.prove(due))
    assert vault().extract_key(other, HERE) is None
    assert vault().round_key(other)
    runs = owner("SELECT DISTINCT round_id, run_id LIKE 'manual__%' FROM retention.destruction WHERE round_id IN (:a, :b)",
                 a=due, b=other)  # fmt: skip
    assert sorted(runs) == [(due, True), (other, True)]
    assert "6101500000" not in said + "".join(path.read_text() for path in tmp_path.rglob("*.log"))


# --- who may -------------------------------------------------------------------------------------------------------------

OTHERS = ("rounds", "sampling", "responses", "weighting", "estimation", "reporting", "publication")
DESTROYED = ("identity.citizen", "identity.extract_file", "identity.quarantined_row", "link.access", "answers.form",
             "answers.answer", "frame.person", "frame.spell", "fieldwork.message", "fieldwork.receipt",
             "fieldwork.no_contact")  # fmt: skip


@pytest.mark.parametrize("role", OTHERS)
def test_no_other_stage_may_destroy_what_retention_destroys(role: str) -> None:
    for table in DESTROYED:
        assert owner("SELECT has_table_privilege(:u, :t, 'DELETE')", u=f"borgerpuls_{role}", t=table) == [(False,)], (
            table
        )


def test_nobody_may_change_or_delete_what_the_register_says_and_only_retention_writes_it() -> None:
    roles = [name for (name,) in owner("SELECT rolname FROM pg_roles WHERE rolname LIKE 'borgerpuls\\_%'")]
    assert len(roles) >= 12
    for role in roles:
        allowed = {
            right for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
            if owner("SELECT has_table_privilege(:u, 'retention.destruction', :p)", u=role, p=right) == [(True,)]
        }  # fmt: skip
        assert allowed == ({"INSERT"} if role == "borgerpuls_retention" else set()), role
    assert owner(
        "SELECT has_column_privilege('borgerpuls_retention', 'retention.destruction', 'destroyed_n', 'UPDATE')"
    ) == [(False,)]


@pytest.mark.parametrize(
    "column",
    [
        "identity.citizen.cpr", "identity.citizen.cpr_lookup", "identity.citizen.name", "identity.extract_file.content",
        "identity.quarantined_row.content", "link.access.token_hash", "answers.answer.choices",
        "answers.open_answer.answer_text", "responses.answer.score", "responses.answer.choices",
        "responses.open_answer.scrubbed_text", "responses.open_answer_decision.text_sha256", "responses.kept_open_answer.text",
        "responses.response.sex", "fieldwork.message.person_id", "fieldwork.audit.note", "frame.spell.person_id",
        "fieldwork.no_contact.cpr_lookup",
    ],
)  # fmt: skip
def test_retention_reads_no_number_name_answer_or_text(column: str) -> None:
    table, _, name = column.rpartition(".")
    assert owner("SELECT count(*) > 0 FROM information_schema.columns WHERE table_schema || '.' || table_name = :t "
                 "AND column_name = :c", t=table, c=name) == [(True,)]  # fmt: skip
    assert owner("SELECT has_column_privilege('borgerpuls_retention', :t, :c, 'SELECT')", t=table, c=name) == [(False,)]


def test_retention_may_not_compute_whose_a_form_is() -> None:
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError, match="permission denied"), transaction("retention") as connection:
        connection.execute(text("SELECT link.response_id('\\x00', gen_random_uuid())"))


def test_the_frames_people_are_numbered_by_chance() -> None:
    """The order of a dump says nothing of the order of the extract."""
    at(date(2025, 1, 15))
    orders = set()
    for _ in range(3):
        round_id = f"{next(_years)}-1"
        drill.make_round(round_id, {HERE: 30}, is_planned=False)
        owner("UPDATE frame.person p SET sex = CASE WHEN n % 2 = 0 THEN 'mand' ELSE 'kvinde' END FROM (SELECT person_id, "
              "row_number() OVER (ORDER BY ctid) AS n FROM frame.person WHERE round_id = :r) x "
              "WHERE x.person_id = p.person_id", r=round_id)  # fmt: skip
        stage.forget_round(round_id, "kørsel")
        rows = pd.DataFrame(
            owner("SELECT person_id::text, sex FROM frame.person WHERE round_id = :r ORDER BY ctid", r=round_id)
        )
        assert list(rows[0]) == sorted(rows[0])
        assert list(rows[1].value_counts()) == [15, 15]
        orders.add("".join(sex[0] for sex in rows[1]))
    assert len(orders) == 3


def test_a_file_in_the_inbox_that_nobody_read_goes_thirty_days_after_it_came() -> None:
    # The last of the module: files come by the real clock, which the simulated one cannot leave again.
    came = datetime.now(COPENHAGEN).date()
    at(came + timedelta(days=30))
    round_id = make_round(days_before=-10)
    path = settings().inbox_folder / round_id / "andet.csv"
    os.utime(path, (0, 0))  # as it stood where it was made
    assert stage.destroy_strays("kørsel") == {"rows": 0, "files": 0}
    at(came + timedelta(days=31))
    assert stage.destroy_strays("kørsel")["files"] > 0
    assert not path.exists()
