"""
A small round through docker-compose.yaml: CeleryExecutor, Redis and two workers, each container a process.

What is run is what the compose file says (compose_as_processes.py): commands, settings, order and health checks.
"""

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
from compose_as_processes import ComposeAsProcesses
from rich.console import Console
from two_municipalities import FORM, SEED

from borgerpuls import database, settings, vault
from borgerpuls.rounds.calendar import half_yearly_dates
from borgerpuls.sandbox import demo
from borgerpuls.sandbox.country import make_country
from borgerpuls.sandbox.demo import ROUND_ID
from borgerpuls.sandbox.extracts import registrations, write_extracts
from borgerpuls.sandbox.progress import Steps
from borgerpuls.sandbox.round_runner import RoundRunner
from borgerpuls.sandbox.visits import CitizenVisits

pytestmark = [
    pytest.mark.timeout(2400),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]
USERS = ("drift", "kollega")


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeAsProcesses]:
    folder = tmp_path_factory.mktemp("composed")
    composed = ComposeAsProcesses(folder, workers=2)
    before = dict(os.environ)
    try:
        composed.up()
        yield composed
    finally:
        composed.down()
        os.environ.clear()
        os.environ.update(before)
        _forget()


def test_a_round_runs_to_its_reports_on_two_celery_workers(composed: ComposeAsProcesses) -> None:
    passwords = {name: secrets.token_hex(8) for name in USERS}
    for name, password in passwords.items():
        composed.run(
            "airflow-scheduler", "airflow", "users", "create", "--username", name, "--password", password,
            "--role", "User", "--firstname", name, "--lastname", "Drift", "--email", f"{name}@localhost",
        )  # fmt: skip
    _enter(composed)
    country, dates = make_country(SEED, "pilot", ROUND_ID), half_yearly_dates(ROUND_ID)
    write_extracts(country, settings.settings().inbox_folder, ROUND_ID)
    registered = composed.root("digital-post-gateway") / "gateways" / "registrations.csv"
    registered.parent.mkdir(exist_ok=True)
    registrations(country).to_csv(registered, index=False)
    steps = Steps(Console(quiet=True))
    with closing(RoundRunner(composed.installation(passwords))) as runner:
        demo.open_round(runner, demo.filled_form(country, dates, SEED) | FORM, steps)
        demo.approve(runner, steps)
        demo.do_fieldwork(runner, CitizenVisits(country, ROUND_ID), dates, steps)
        demo.close_and_publish(runner, dates, steps)
    kinds = Counter(path.suffix for path in (settings.settings().output_folder / ROUND_ID).iterdir())
    domains = len(FORM["municipalities"]) + 1
    assert kinds == {".pdf": 2 * domains, ".docx": domains, ".pptx": domains, ".xlsx": domains}  # report and memo
    for worker in ("airflow-worker-1", "airflow-worker-2"):
        assert composed.log(worker).count("succeeded in") > 10, worker


def _enter(composed: ComposeAsProcesses) -> None:
    """Make this process the world around the system: it moves the clock and carries the citizens' answers."""
    own = composed.environment("airflow-worker")
    own |= {name: value for name, value in composed.environment("init").items() if name not in own}
    os.environ.update({name: value for name, value in own.items() if name.startswith("BORGERPULS_")})
    _forget()


def _forget() -> None:
    database.close_engines()
    settings.settings.cache_clear()
    vault.vault.cache_clear()
