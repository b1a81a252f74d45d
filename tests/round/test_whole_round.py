"""
One small round through the real thing: Airflow's scheduler, PostgreSQL, the questionnaire and the gateways.

Run once in peace; then every task is cleared three times, and every log and dump searched for the sandbox's CPR
numbers. Run once more with every task killed in its first try: the same answers, figures and reports.
"""

import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from killer import Killer
from rich.console import Console
from sqlalchemy import create_engine, text
from two_municipalities import FORM, MUNICIPALITY_NAMES, SEED, all_rows

from borgerpuls import database, settings, vault
from borgerpuls.sandbox import services
from borgerpuls.sandbox.airflow_api import ENDED, AirflowApi, Run
from borgerpuls.sandbox.country import make_country
from borgerpuls.sandbox.demo import ROUND_ID, run_round
from borgerpuls.sandbox.gateways import read_ledger
from borgerpuls.sandbox.installation import OPENER
from borgerpuls.sandbox.progress import Steps
from borgerpuls.sandbox.services import RunningSandbox

pytestmark = pytest.mark.timeout(3600)

PASSES = 3
SECONDS_OF_REST = 5.0
PATIENCE_SECONDS = 1200.0
DONE = {"success", "skipped"}
PERSONAL_SCHEMA = "identity"
CPR_LIKE = re.compile(rb"(?<![0-9])([67890][0-9]{5})-?([0-9]{4})(?![0-9])")
SAME_AFTER_KILLS = (
    "frame.person", "frame.row_error", "sampling.sample", "answers.form", "answers.answer", "answers.open_answer",
    "responses.answer", "responses.open_answer", "responses.disposition", "responses.snapshot",
    "weighting.population_cell", "weighting.weight", "estimation.figure", "reporting.artefact", "publication.figure",
)  # fmt: skip
"""What a citizen, a municipality or a statistician sees. Messages differ: one in doubt is finished by its receipt."""


@contextmanager
def round_of(home: Path, killer: Killer | None = None) -> Iterator[RunningSandbox]:
    """Run the round in *home* and yield its sandbox."""
    before = dict(os.environ)
    os.environ["BORGERPULS_CLOCK"] = "simulated"
    try:
        run_round(home, SEED, Steps(Console(quiet=True)), FORM, when_up=killer.start if killer else None)
        if killer:
            killer.stop()
        yield services.up(home)
    finally:
        if killer:
            killer.stop()
        services.down(home)
        os.environ.clear()
        os.environ.update(before)
        database.close_engines()
        settings.settings.cache_clear()
        vault.vault.cache_clear()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with round_of(tmp_path_factory.mktemp("round") / ".borgerpuls") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def rows_of_round(sandbox: RunningSandbox) -> dict[str, list[str]]:
    """Every row of every table as the round left it."""
    return rows_in(sandbox)


@pytest.fixture(scope="module")
def runs_of_round(sandbox: RunningSandbox) -> list[Run]:
    """The round's own runs; clearing an announcement starts others after them."""
    with staff(sandbox) as api:
        return sorted(api.runs(), key=lambda run: (run.dag_id, run.run_id))


def rows_in(sandbox: RunningSandbox, name: str = "borgerpuls") -> dict[str, list[str]]:
    return all_rows(sandbox.postgres.url(name))


def reports_of(sandbox: RunningSandbox) -> dict[str, bytes]:
    folder = sandbox.installation.home.parent / "output" / ROUND_ID
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def staff(sandbox: RunningSandbox) -> closing[AirflowApi]:
    passwords = sandbox.installation.passwords()
    return closing(AirflowApi(sandbox.installation.airflow_url, OPENER, passwords[OPENER]))


def test_the_round_ends_with_a_report_for_each_municipality_and_one_for_all(sandbox: RunningSandbox) -> None:
    reports = {name: content for name, content in reports_of(sandbox).items() if name.endswith(".pdf")}
    assert len(reports) >= len(MUNICIPALITY_NAMES) + 1
    assert all(content.startswith(b"%PDF-") for content in reports.values())


def test_nobody_was_written_to_twice_in_a_wave_and_every_message_has_its_end(sandbox: RunningSandbox) -> None:
    engine = create_engine(sandbox.postgres.url("borgerpuls"))
    with engine.begin() as connection:
        counted = connection.execute(text("SELECT state, count(*) FROM fieldwork.message GROUP BY 1")).fetchall()
    engine.dispose()
    states = {str(state): int(count) for state, count in counted}
    assert set(states) <= {"delivered", "failed", "cancelled", "no_receipt"}
    assert states["delivered"] > 300
    assert_nobody_got_the_same_message_twice(sandbox)


def assert_nobody_got_the_same_message_twice(sandbox: RunningSandbox) -> None:
    """A message id belongs to one person, wave and slot: the gateways' own books have each once."""
    ledgers = list((sandbox.installation.home / "gateways").rglob("*.tsv"))
    accepted = Counter(one.message_id for ledger in ledgers for one in read_ledger(ledger))
    assert len(ledgers) == 2
    assert sum(accepted.values()) > 300
    assert [message for message, times in accepted.items() if times > 1] == []


def test_dispositions_sum_to_the_sample(rows_of_round: dict[str, list[str]]) -> None:
    assert len(rows_of_round["responses.disposition"]) == len(rows_of_round["sampling.sample"]) == 300


def test_airflow_shows_the_municipalities_by_name(sandbox: RunningSandbox) -> None:
    with staff(sandbox) as api:
        run = next(run for run in api.runs() if run.dag_id == "reporting")
        names = {task.name for task in api.tasks(run) if task.task_id == "draw_artefacts"}
    assert names == MUNICIPALITY_NAMES | {"Alle deltagende kommuner"}


@pytest.mark.parametrize("number", range(PASSES))
def test_clearing_and_rerunning_every_task_in_any_order_changes_no_row_and_no_report(
    sandbox: RunningSandbox, rows_of_round: dict[str, list[str]], runs_of_round: list[Run], number: int
) -> None:
    reports = reports_of(sandbox)
    with staff(sandbox) as api:
        cleared = set()
        for run in random.Random(number).sample(runs_of_round, len(runs_of_round)):
            tasks = {task.task_id for task in api.tasks(run) if task.state in DONE}
            if tasks:
                api.clear(run, sorted(tasks))
                cleared |= {(run.dag_id, task) for task in tasks}
        _wait_until_all_is_quiet(api)
    assert len(cleared) > 40
    after = rows_in(sandbox)
    changed = {
        name: (
            len(rows),
            len(after[name]),
            sorted(set(rows) ^ set(after[name]))[:2] if name in SAME_AFTER_KILLS else "",
        )
        for name, rows in rows_of_round.items()
        if after[name] != rows
    }
    assert changed == {}
    assert reports_of(sandbox) == reports


def _wait_until_all_is_quiet(api: AirflowApi) -> None:
    """Wait until no run goes on, those included that the cleared ones have started anew."""
    deadline, quiet_since = time.monotonic() + PATIENCE_SECONDS, None
    while True:
        going_on = []
        for run in api.runs():
            assert run.state != "failed", f"{run.dag_id} {run.run_id} failed when run again"
            if run.state not in ENDED:
                going_on.append(run.dag_id)
        if going_on:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > SECONDS_OF_REST:
            return
        assert time.monotonic() < deadline, f"still going on: {sorted(set(going_on))}"
        time.sleep(1.0)


def test_no_cpr_number_is_in_any_log_xcom_template_or_table_but_identity(sandbox: RunningSandbox) -> None:
    country = make_country(SEED, "pilot", ROUND_ID)
    numbers = {str(cpr).encode() for part in (country.citizens, country.other_rows) for cpr in part["cpr"]}
    assert len(numbers) > 60_000
    searched = Counter[str]()
    for name, content in _everything_written(sandbox):
        searched[name.partition(": ")[0].partition("/")[0]] += len(content)
        for match in CPR_LIKE.finditer(content):
            assert match[1] + match[2] not in numbers, f"a CPR number stands in {name}"
    assert set(searched) == {".borgerpuls", "output", "airflow", "borgerpuls"}
    assert min(searched.values()) > 500_000


def _everything_written(sandbox: RunningSandbox) -> Iterator[tuple[str, bytes]]:
    """Yield every log, report and table (XComs and rendered templates are in Airflow's) but the identity schema's."""
    home = sandbox.installation.home
    for folder in (home / "logs", home / "airflow" / "logs", home / "journal", home.parent / "output"):
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(home.parent)), path.read_bytes()
    for name in ("airflow", "borgerpuls"):
        for table, rows in rows_in(sandbox, name).items():
            if not table.startswith(f"{PERSONAL_SCHEMA}."):
                yield f"{name}: {table}", "\n".join(rows).encode()


def test_the_search_would_find_a_number_in_either_spelling() -> None:
    found: list[Any] = [match[1] + match[2] for match in CPR_LIKE.finditer(b"x 610199-1234, 6101991234.")]
    assert found == [b"6101991234"] * 2


def test_a_round_whose_every_task_is_killed_once_ends_with_the_same_figures_and_reports(
    sandbox: RunningSandbox, rows_of_round: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    reports = reports_of(sandbox)
    services.down(sandbox.installation.home)
    killer = Killer(SEED)
    with round_of(tmp_path_factory.mktemp("killed") / ".borgerpuls", killer) as survivor:
        rows = rows_in(survivor)
        assert_nobody_got_the_same_message_twice(survivor)
        assert {name: content for name, content in reports_of(survivor).items() if content != reports[name]} == {}
    assert len(set(killer.killed)) > 25, "hardly any task was killed"
    different = [name for name in SAME_AFTER_KILLS if rows[name] != rows_of_round[name]]
    assert different == []
