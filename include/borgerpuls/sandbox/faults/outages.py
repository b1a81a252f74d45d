"""
T4: PostgreSQL stopped at once in mid-wave, its connections cut, and the disk of the journal full.

Nobody helps: the dispatch fails and is started again, as Airflow does. The full disk is real: the process may write no
file beyond a size (RLIMIT_FSIZE), drawn so that it is reached somewhere in the wave.
"""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import text

from borgerpuls.database import close_engines, engine
from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, World, judge, own_world, send
from borgerpuls.sandbox.postgres import start_postgres

RUNS, PEOPLE = 10, 500
LONGEST_OUTAGE_SECONDS = 30.0
DOWN_SECONDS = 1.0
_WITH_LITTLE_DISK = """
import resource, sys
from borgerpuls.errors import JournalIsUnwritable
from borgerpuls.fieldwork import stage
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    stage.send_due(sys.argv[1], sys.argv[2])
except JournalIsUnwritable:
    sys.exit(77)
"""


def run(share: float, report: Report) -> Found:
    """Run each outage several times."""
    runs = max(2, round(RUNS * share))
    found = Found(dose=f"{runs} immediate stops, {runs} × cut connections, {runs} full disks, {PEOPLE} messages each",
                  longest_recovery_seconds=0.0)  # fmt: skip
    dice = random.Random(4)
    with own_world() as world, world.gateways() as ledgers:
        for number in range(runs):
            for kind, breaking in (("1", _stop), ("2", _cut)):
                round_id = f"{3300 + number}-{kind}"
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
                since = drill.ledger_sizes(ledgers)
                _break_in_mid_wave(round_id, partial(breaking, world), ledgers, dice, found)
                judge(found, round_id, ledgers, since)
            _fill_disk(f"{3400 + number}-1", ledgers, dice, found)
            report(f"T4 {number + 1}/{runs}: longest recovery {found.longest_recovery_seconds:.1f} s")
    if (found.longest_recovery_seconds or 0) > LONGEST_OUTAGE_SECONDS:
        found.broken.append(f"recovery took {found.longest_recovery_seconds:.0f} s")
    found.notes.append(
        f"Recovery: from PostgreSQL's return to everybody written to, leases of {world.lease_seconds} s included."
    )
    return found


def _break_in_mid_wave(
    round_id: str, outage: Callable[[], float], ledgers: list[Path], dice: random.Random, found: Found
) -> None:
    """Start a dispatch, break the database when part of the wave is out, and dispatch until all is done."""
    failed = threading.Event()

    def dispatch() -> None:
        try:
            send(round_id)
        except Exception:  # noqa: BLE001 - whatever a lost database raises; the task has failed
            failed.set()

    worker = threading.Thread(target=dispatch)
    worker.start()
    drill.await_messages(ledgers, dice.uniform(0.1, 0.7) * PEOPLE)
    back_at = outage()
    worker.join()
    while True:
        try:
            close_engines()
            send(round_id)
            states = stage.state_counts(round_id)
        except Exception:  # noqa: BLE001 - not back yet
            states = {"sending": 1}
        if not states.get("claimed", 0) + states.get("sending", 0):
            break
        if time.monotonic() - back_at > 2 * LONGEST_OUTAGE_SECONDS:
            break
        time.sleep(0.1)
    found.longest_recovery_seconds = max(found.longest_recovery_seconds or 0.0, time.monotonic() - back_at)
    if stage.state_counts(round_id).get("accepted", 0) + stage.state_counts(round_id).get("unknown", 0) != PEOPLE:
        found.broken.append(f"{round_id}: not everybody was written to")


def _stop(world: World) -> float:
    world.cluster.stop("immediate")
    time.sleep(DOWN_SECONDS)
    start_postgres(world.cluster.folder, world.cluster.port)
    return time.monotonic()


def _cut(_: World) -> float:
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'borgerpuls_pipeline' "
                 "AND datname = current_database()")
        )  # fmt: skip
    return time.monotonic()


def _fill_disk(round_id: str, ledgers: list[Path], dice: random.Random, found: Found) -> None:
    drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
    since = drill.ledger_sizes(ledgers)
    size = dice.randint(2_000, 60_000)
    ended = subprocess.run(
        [sys.executable, "-c", _WITH_LITTLE_DISK, round_id, MUNICIPALITY, str(size)], check=False, timeout=120
    )
    if ended.returncode != 77:
        found.broken.append(f"{round_id}: a disk of {size} bytes was not noticed (ended with {ended.returncode})")
    drill.outlast_leases()
    send(round_id)
    judge(found, round_id, ledgers, since)
    if stage.state_counts(round_id).get("accepted", 0) != PEOPLE:
        found.broken.append(f"{round_id}: a full disk left {stage.state_counts(round_id)}")


DRILL = Drill("T4", "PostgreSQL stopped immediately, connections cut, disk full", run)
