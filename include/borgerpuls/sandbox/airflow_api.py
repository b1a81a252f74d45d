"""
A small client of Airflow's REST API: what a person does on the pages, done by the sandbox.

Triggers runs with the Params of the form, answers approvals, and says which task failed, why and where its log is.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import stamina

from borgerpuls.errors import AirflowRefused

SECONDS_TO_ANSWER = 60.0
LOOK_SECONDS = 0.3
"""How often Airflow looks for us whether a run has ended."""
LOOKS = 4
"""How often a question is asked before an API that does not answer is given up; what changes something is sent once."""

ENDED = frozenset({"success", "failed"})
TASKS_DONE = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True)
class Run:
    """One DAG run. *state* is `queued`, `running`, `success` or `failed`."""

    dag_id: str
    run_id: str
    state: str
    run_type: str


@dataclass(frozen=True)
class TaskInstance:
    """One task of a run; *map_index* is -1 when it is not mapped, *name* what the grid shows."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    name: str
    state: str | None
    try_number: int


class AirflowApi:
    """The API as one user sees it."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=SECONDS_TO_ANSWER)
        answer = self._client.post("/auth/token", json={"username": user, "password": password})
        if answer.is_error:
            raise AirflowRefused(f"Airflow did not log {user} in ({answer.status_code}).", where=base_url)
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def dag_ids(self) -> set[str]:
        """Return the DAGs that Airflow has read."""
        return {dag["dag_id"] for dag in self._get("/dags", limit=100)["dags"]}

    def import_errors(self) -> list[str]:
        """Return why DAG files could not be read: file, and the last line of its error."""
        errors = self._get("/importErrors", limit=100)["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self._send("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> Run:
        """Start a run with the Params *conf*, as the form does."""
        return _run(self._send("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf or {}}))

    def runs(self) -> list[Run]:
        """Return the newest runs of all DAGs, newest first."""
        return [_run(run) for run in self._get("/dags/~/dagRuns", limit=100, order_by="-run_after")["dag_runs"]]

    def states(self, run: Run) -> Iterator[str]:
        """
        Yield the state of a run again and again until it has ended, as Airflow's own stream tells it.

        A look of ours costs Airflow 50 ms of processor time, one of its own a tenth of it.
        """
        state, silences = run.state, 0
        address = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/wait"
        while state not in ENDED:
            try:
                with self._client.stream("GET", address, params={"interval": LOOK_SECONDS}) as answer:
                    if answer.is_error:
                        answer.read()
                        self._checked(answer)
                    for line in answer.iter_lines():
                        state, silences = json.loads(line)["state"], 0
                        yield state
            except httpx.TransportError as error:  # a stream that breaks is opened again
                silences += 1
                if silences == LOOKS:
                    raise AirflowRefused(
                        f"Airflow does not answer any more ({type(error).__name__}).", where=str(self._client.base_url)
                    ) from error
                time.sleep(silences)

    def failed_runs(self) -> list[Run]:
        """Return the newest runs of all DAGs that have failed."""
        found = self._get("/dags/~/dagRuns", limit=5, order_by="-run_after", state="failed")["dag_runs"]
        return [_run(run) for run in found]

    def tasks(self, run: Run) -> list[TaskInstance]:
        """Return the tasks of a run."""
        found = self._get(f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances", limit=1000)["task_instances"]
        return [
            TaskInstance(
                run.dag_id,
                run.run_id,
                task["task_id"],
                task["map_index"],
                task.get("rendered_map_index") or task["task_id"],
                task["state"],
                task["try_number"],
            )
            for task in found
        ]

    def clear(self, run: Run, task_ids: Sequence[str | tuple[str, int]]) -> None:
        """Let the named tasks of a run (one of them by its map index), and the run itself, run again."""
        self._send(
            "POST",
            f"/dags/{run.dag_id}/clearTaskInstances",
            {
                "dry_run": False, "dag_run_id": run.run_id, "task_ids": list(task_ids), "only_failed": False,
                "reset_dag_runs": True,
            },
        )  # fmt: skip

    def shown(self, task: TaskInstance) -> str:
        """Return what the approver reads (Markdown)."""
        return str(self._get(_approval(task))["body"])

    def approve(self, task: TaskInstance) -> None:
        """Answer an approval that awaits input with yes."""
        self._send("PATCH", _approval(task), {"chosen_options": ["Approve"], "params_input": {}})

    def mark_as_success(self, task: TaskInstance) -> None:
        """Call a task done without running it."""
        place = f"{task.task_id}/{task.map_index}" if task.map_index >= 0 else task.task_id
        self._send(
            "PATCH", f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{place}", {"new_state": "success"}
        )

    def backfill(self, dag_id: str, since: str, until: str, conf: dict[str, Any]) -> None:
        """Run a DAG for each of its moments between two times of the past (ISO 8601)."""
        body = {"dag_id": dag_id, "from_date": since, "to_date": until, "dag_run_conf": conf, "max_active_runs": 2}
        self._send("POST", "/backfills", body)

    def _get(self, path: str, **parameters: str | int) -> Any:
        for attempt in stamina.retry_context(on=httpx.TransportError, attempts=LOOKS, timeout=None):
            with attempt:
                answer = self._client.get(f"/api/v2{path}", params=parameters)
        return self._checked(answer)

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self._checked(self._client.request(method, f"/api/v2{path}", json=body))

    @staticmethod
    def _checked(answer: httpx.Response) -> Any:
        if answer.is_error:
            try:
                detail = answer.json().get("detail", "")
            except ValueError:
                detail = answer.text[:400]
            raise AirflowRefused(
                f"Airflow answered {answer.status_code} to {answer.request.method} {answer.request.url.path}: {detail}"
            )
        return answer.json()


def log_of_task(log_folder: Path, task: TaskInstance) -> Path:
    """Return where Airflow wrote the log of a task's last try."""
    folder = log_folder / f"dag_id={task.dag_id}" / f"run_id={task.run_id}" / f"task_id={task.task_id}"
    if task.map_index >= 0:
        folder /= f"map_index={task.map_index}"
    return folder / f"attempt={task.try_number}.log"


def last_error_in(log: Path) -> str:
    """Return type and text of the last exception in a task's log, or what the log says last."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "it has no log: it never started"
    said = ""
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        for error in record.get("error_detail") or []:  # the one that was raised, then its causes
            return f"{error.get('exc_type')}: {error.get('exc_value')}"
        if not said and record.get("level") in {"error", "critical"}:
            said = str(record.get("event", ""))
    return said or (lines[-1][-400:] if lines else "its log is empty")


def _approval(task: TaskInstance) -> str:
    return f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}/{task.map_index}/hitlDetails"


def _run(run: dict[str, Any]) -> Run:
    return Run(run["dag_id"], run["dag_run_id"], run["state"], run["run_type"])
