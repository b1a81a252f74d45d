"""What these tests do as members of staff at Airflow's pages, and how long they wait."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from borgerpuls.sandbox.airflow_api import AirflowApi, Run, TaskInstance
from borgerpuls.sandbox.gateways import read_ledger
from borgerpuls.sandbox.services import RunningSandbox

PATIENCE_SECONDS = 300.0


def staff(sandbox: RunningSandbox, user: str) -> "closing[AirflowApi]":
    """Return Airflow's pages as *user* sees them."""
    return closing(AirflowApi(sandbox.installation.airflow_url, user, sandbox.installation.passwords()[user]))


def wait_for(holds: Callable[[], object]) -> None:
    """Ask again and again until the answer is yes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def task_of(api: AirflowApi, run: Run, task_id: str) -> TaskInstance | None:
    """Return a task of a run, the first where it is mapped."""
    return next((task for task in api.tasks(run) if task.task_id == task_id), None)


def sent(sandbox: RunningSandbox) -> Counter[str]:
    """Return how often each message id is in the gateways' own ledgers."""
    ledgers = (sandbox.installation.home / "gateways").rglob("*.tsv")
    return Counter(line.message_id for ledger in ledgers for line in read_ledger(ledger))
