"""
Run a round through Airflow as operations do: open it, approve as a second person, start what is due, wait for what follows.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from borgerpuls.errors import DagRunFailed
from borgerpuls.sandbox.airflow_api import (
    ENDED,
    TASKS_DONE,
    AirflowApi,
    Run,
    TaskInstance,
    last_error_in,
    log_of_task,
)
from borgerpuls.sandbox.installation import APPROVER, OPENER, Installation
from borgerpuls.terms import Stage

DAG_IDS = tuple(stage.value for stage in Stage if stage is not Stage.QUESTIONNAIRE)
SECONDS_BEFORE_APPROVAL = 6.0
"""An answer given the instant the operator waits can fail in Airflow 3.3.2; after five seconds none did."""
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_COUNTS = 3.0

Say = Callable[[str], None]


class RoundRunner:
    """Two members of staff at Airflow's pages: one opens, the other approves."""

    def __init__(self, installation: Installation) -> None:
        passwords = installation.passwords()
        self._log_folder = installation.airflow_home / "logs"
        self._opener = AirflowApi(installation.airflow_url, OPENER, passwords[OPENER])
        self._approver = AirflowApi(installation.airflow_url, APPROVER, passwords[APPROVER])
        self._followed: set[tuple[str, str]] = set()

    def switch_on(self, say: Say, seconds: float = 300.0) -> None:
        """
        Wait until Airflow has read every DAG, and unpause them.

        Raises:
            DagRunFailed: A DAG file cannot be read; the message names it.
        """
        deadline = time.monotonic() + seconds
        while missing := sorted(set(DAG_IDS) - self._opener.dag_ids()):
            say(f"Airflow reads {', '.join(missing)}")
            if time.monotonic() > deadline:
                reasons = "; ".join(self._opener.import_errors()) or "the DAG processor has not read them"
                raise DagRunFailed(f"Airflow does not know {', '.join(missing)}: {reasons}.")
            time.sleep(SECONDS_BETWEEN_LOOKS)
        for dag_id in DAG_IDS:
            self._opener.unpause(dag_id)

    def run(self, dag_id: str, say: Say, conf: dict[str, Any] | None = None) -> Run:
        """Start a DAG and wait until its run has ended well."""
        return self._until_ended(self._opener.trigger(dag_id, conf), say)

    def follow(self, dag_id: str, say: Say) -> Run:
        """Wait for the run that an asset starts, until it has ended well."""
        return self._until_ended(self._next_asset_run(dag_id, say), say)

    def approve(self, dag_id: str, task_id: str, say: Say) -> Run:
        """Wait for the approval in the run that an asset starts, answer it as the second person, and wait for the end."""
        run = self._next_asset_run(dag_id, say)
        waiting: TaskInstance | None = None
        while waiting is None:
            self._refuse_failed()
            tasks = self._opener.tasks(run)
            say(_counts(tasks))
            waiting = next(
                (t for t in tasks if t.task_id == task_id and t.state in {"awaiting_input", "deferred"}), None
            )
            time.sleep(SECONDS_BETWEEN_LOOKS)
        say("a second person reads the dry run")
        time.sleep(SECONDS_BEFORE_APPROVAL)
        self._approver.approve(waiting)
        return self._until_ended(run, say)

    def close(self) -> None:
        """Leave Airflow's pages."""
        self._opener.close()
        self._approver.close()

    def _next_asset_run(self, dag_id: str, say: Say, seconds: float = 180.0) -> Run:
        deadline = time.monotonic() + seconds
        while True:
            self._refuse_failed()
            for run in reversed(self._opener.runs()):  # the oldest first: two rounds may be on their way
                is_new = (run.dag_id, run.run_id) not in self._followed
                if run.dag_id == dag_id and run.run_type.startswith("asset") and is_new:
                    self._followed.add((run.dag_id, run.run_id))
                    return run
            say(f"waiting for {dag_id} to start")
            if time.monotonic() > deadline:
                raise DagRunFailed(
                    f"{dag_id} was not started by its asset within {seconds:.0f} seconds.",
                    next_step="Look at the scheduler's log.",
                )
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _until_ended(self, run: Run, say: Say) -> Run:
        told = 0.0
        for state in self._opener.states(run):
            if time.monotonic() - told > SECONDS_BETWEEN_COUNTS and state not in ENDED:
                self._refuse_failed()
                say(_counts(self._opener.tasks(run)))
                told = time.monotonic()
        self._refuse_failed()
        return run

    def _refuse_failed(self) -> None:
        """End the command when a run of ours has failed, whichever is being waited for."""
        for run in self._opener.failed_runs():
            if run.dag_id not in DAG_IDS:
                continue
            failed = [task for task in self._opener.tasks(run) if task.state == "failed"]
            if not failed:
                raise DagRunFailed("The run failed without a failed task.", where=f"{run.dag_id}, {run.run_id}")
            task = failed[0]
            log = log_of_task(self._log_folder, task)
            raise DagRunFailed(
                last_error_in(log),
                where=f"{task.dag_id}.{task.task_id} ({task.name})",
                next_step=f"Log: {log}",
            )


def _counts(tasks: list[TaskInstance]) -> str:
    states = Counter(task.state or "not started" for task in tasks)
    done = sum(number for state, number in states.items() if state in TASKS_DONE)
    running = sorted({task.name for task in tasks if task.state == "running"})
    return f"{done} of {len(tasks)} tasks  [dim]{', '.join(running)[:90]}[/dim]"
