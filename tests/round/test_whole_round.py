"""
One small round through the real thing: Airflow's scheduler, PostgreSQL, the questionnaire and the gateways.

Two of the country's municipalities with a small sample; everything else is as in `make demo`. Afterwards every task is
cleared and run again, and every log and dump is searched for the sandbox's CPR numbers.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from borgerpuls.sandbox import services
from borgerpuls.sandbox.airflow_api import AirflowApi, Run
from borgerpuls.sandbox.country import make_country
from borgerpuls.sandbox.demo import ROUND_ID, run_round
from borgerpuls.sandbox.installation import OPENER
from borgerpuls.sandbox.progress import Steps
from borgerpuls.sandbox.services import RunningSandbox

pytestmark = pytest.mark.timeout(1800)

SEED = 3
FORM = {
    "municipalities": ["0183", "0727"],
    "sample_rule": "sizes",
    "sample_sizes": {"0183": 150, "0727": 150},
}
ENDED_STATES = {"success", "skipped"}
APPROVAL = "prepare.approve"
PERSONAL_SCHEMA = "identity"
CPR_LIKE = re.compile(rb"(?<![0-9])([67890][0-9]{5})-?([0-9]{4})(?![0-9])")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox in which the round has been run."""
    from rich.console import Console

    home = tmp_path_factory.mktemp("round") / ".borgerpuls"
    patch = pytest.MonkeyPatch()
    with patch.context() as environment:
        environment.setenv("BORGERPULS_CLOCK", "simulated")  # restored afterwards with all that the sandbox sets
        try:
            run_round(home, SEED, Steps(Console(quiet=True)), FORM)
            yield services.up(home)
        finally:
            services.down(home)


@pytest.fixture(scope="module")
def rounds_rows(sandbox: RunningSandbox) -> dict[str, list[str]]:
    """Every row of every table as the round left it."""
    return all_rows(engine_of(sandbox, "borgerpuls"))


def engine_of(sandbox: RunningSandbox, database: str) -> Engine:
    return create_engine(sandbox.postgres.url(database))


def all_rows(engine: Engine) -> dict[str, list[str]]:
    """Return each table's rows as text, sorted."""
    with engine.begin() as connection:
        tables = connection.execute(
            text(
                "SELECT schemaname || '.' || tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
            )
        ).scalars()
        found = {
            table: sorted(connection.execute(text(f"SELECT t::text FROM {table} t")).scalars())
            for table in list(tables)
        }
    engine.dispose()
    return found


def test_the_round_ends_with_a_report_for_each_municipality_and_one_for_all(sandbox: RunningSandbox) -> None:
    reports = sorted((sandbox.installation.home.parent / "output" / ROUND_ID).glob("*.pdf"))
    assert len(reports) == 3
    assert all(report.read_bytes().startswith(b"%PDF-") for report in reports)


def test_nobody_was_written_to_twice_in_a_wave_and_every_message_has_its_end(
    rounds_rows: dict[str, list[str]], sandbox: RunningSandbox
) -> None:
    engine = engine_of(sandbox, "borgerpuls")
    with engine.begin() as connection:
        counted = connection.execute(text("SELECT state, count(*) FROM fieldwork.message GROUP BY 1")).fetchall()
        doubles = connection.execute(
            text(
                "SELECT count(*) FROM (SELECT 1 FROM fieldwork.message"
                " GROUP BY round_id, person_id, wave, slot HAVING count(*) > 1) d"
            )
        ).scalar_one()
    engine.dispose()
    states = {str(state): int(count) for state, count in counted}
    assert doubles == 0
    assert set(states) <= {"delivered", "failed", "cancelled", "no_receipt"}
    assert states["delivered"] > 300


def test_dispositions_sum_to_the_sample(rounds_rows: dict[str, list[str]]) -> None:
    assert len(rounds_rows["responses.disposition"]) == len(rounds_rows["sampling.sample"]) == 300


def test_clearing_and_rerunning_every_task_changes_no_row(
    sandbox: RunningSandbox, rounds_rows: dict[str, list[str]]
) -> None:
    api = AirflowApi(sandbox.installation.airflow_url, OPENER, sandbox.installation.passwords()[OPENER])
    try:
        cleared = 0
        for run in sorted(api.runs(), key=lambda run: run.run_id):
            tasks = sorted({task.task_id for task in api.tasks(run) if task.state in ENDED_STATES} - {APPROVAL})
            if tasks:
                api.clear(run, tasks)
                _wait_for(api, run)
                cleared += len(tasks)
    finally:
        api.close()
    assert cleared > 60
    after = all_rows(engine_of(sandbox, "borgerpuls"))
    changed = {name: (len(rows), len(after[name])) for name, rows in rounds_rows.items() if after[name] != rows}
    assert changed == {}


def _wait_for(api: AirflowApi, run: Run, seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = next(found.state for found in api.runs() if (found.dag_id, found.run_id) == (run.dag_id, run.run_id))
        if state == "success":
            return
        assert state != "failed", f"{run.dag_id} {run.run_id} failed when run again"
        time.sleep(0.5)
    pytest.fail(f"{run.dag_id} {run.run_id} did not end again")


def test_no_cpr_number_is_in_any_log_xcom_template_or_table_but_identity(sandbox: RunningSandbox) -> None:
    country = make_country(SEED, "pilot", ROUND_ID)
    numbers = {str(cpr).encode() for part in (country.citizens, country.other_rows) for cpr in part["cpr"]}
    assert len(numbers) > 60_000
    searched = 0
    for name, content in _everything_written(sandbox):
        searched += len(content)
        for match in CPR_LIKE.finditer(content):
            assert match[1] + match[2] not in numbers, f"a CPR number stands in {name}"
    assert searched > 1_000_000


def _everything_written(sandbox: RunningSandbox) -> Iterator[tuple[str, bytes]]:
    home = sandbox.installation.home
    for folder in (home / "logs", home / "airflow" / "logs", home.parent / "output"):
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(home.parent)), path.read_bytes()
    for database in ("airflow", "borgerpuls"):
        for table, rows in all_rows(engine_of(sandbox, database)).items():
            if not table.startswith(f"{PERSONAL_SCHEMA}."):
                yield f"{database}: {table}", "\n".join(rows).encode()


def test_the_search_would_find_a_number_in_either_spelling() -> None:
    found: list[Any] = [match[1] + match[2] for match in CPR_LIKE.finditer(b"x 610199-1234, 6101991234.")]
    assert found == [b"6101991234"] * 2


def test_airflow_shows_the_municipalities_by_name(sandbox: RunningSandbox) -> None:
    api = AirflowApi(sandbox.installation.airflow_url, OPENER, sandbox.installation.passwords()[OPENER])
    try:
        run = next(run for run in api.runs() if run.dag_id == "reporting")
        names = {task.name for task in api.tasks(run) if task.task_id == "render_report"}
    finally:
        api.close()
    assert names == {"Ishøj", "Odder", "Alle deltagende kommuner"}


def test_operations_see_no_connections(sandbox: RunningSandbox) -> None:
    import httpx

    installation = sandbox.installation
    with httpx.Client(base_url=installation.airflow_url) as client:
        login = {"username": OPENER, "password": installation.passwords()[OPENER]}
        token = client.post("/auth/token", json=login).json()["access_token"]
        answer = client.get("/api/v2/connections", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
