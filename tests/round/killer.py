"""Kill the first try of every task of a running sandbox, at a moment of its own: Airflow must run it again."""

import os
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import create_engine, text

from borgerpuls.sandbox.installation import HOME_MARK
from borgerpuls.sandbox.services import RunningSandbox

RUNNING = text(
    "SELECT id, dag_id, task_id, pid FROM task_instance"
    " WHERE state = 'running' AND try_number = 1 AND pid IS NOT NULL AND task_id <> 'prepare.approve'"
)
LONGEST_LIFE_SECONDS = 0.3


class Killer:
    """Watches from `start` to `stop`; `killed` has dag and task of each process that was killed, once per kill."""

    def __init__(self, seed: int) -> None:
        self.killed: list[tuple[str, str]] = []
        self._chance = random.Random(seed)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, sandbox: RunningSandbox) -> None:
        self._thread = threading.Thread(target=self._watch, args=(sandbox,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _watch(self, sandbox: RunningSandbox) -> None:
        engine = create_engine(sandbox.postgres.url("airflow"), isolation_level="AUTOCOMMIT")
        mark = f"{HOME_MARK}={sandbox.installation.home}".encode()
        due: dict[object, float] = {}
        done: set[object] = set()
        with engine.connect() as connection:
            while not self._ended.wait(0.02):
                for found in connection.execute(RUNNING):
                    if found.id in done:
                        continue
                    at = due.setdefault(found.id, time.monotonic() + self._chance.uniform(0, LONGEST_LIFE_SECONDS))
                    if time.monotonic() >= at:
                        done.add(found.id)
                        with suppress(OSError):  # it has ended by itself
                            if mark in Path(f"/proc/{found.pid}/environ").read_bytes().split(b"\0"):
                                os.kill(found.pid, signal.SIGKILL)
                                self.killed.append((found.dag_id, found.task_id))
        engine.dispose()
