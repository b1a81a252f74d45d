"""
T8 and T9: each task of the stage killed at a random moment and run again; each run again three times in any order.

The stage's level: the tasks as functions in processes of their own. The same at Airflow's level is `make round`.
"""

import random
import signal
import time

from sqlalchemy import text

from borgerpuls.database import transaction
from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, judge, own_world

RUNS, PEOPLE, TIMES = 30, 200, 3
TASKS = ("plan_messages", "prepare_dry_run", "approve", "send_due", "collect_receipts")
KEPT = {
    "fieldwork.message": "person_id, wave, slot, municipality_code, message_id, transaction_id, due_date",
    "link.access": "response_id, token_hash, code_hash",
    "fieldwork.municipality_text": "municipality_code, sender_name, sms_sender, local_paragraph",
    "fieldwork.preview": "municipality_code, occasion, wave, channel, subject, body",
    "fieldwork.dry_run": "content_hash, counts::text",
    "rounds.approval": "content_hash, opened_by, approved_by",
    "rounds.approved_content": "municipality_code, municipality_hash",
}
"""What must be the same whatever was killed: everything but how often a message was attempted, and when."""


def run(share: float, report: Report) -> Found:
    """Kill and rerun, then rerun in any order, and compare the rows with those of an undisturbed run."""
    runs = max(2, round(RUNS * share))
    found = Found(
        dose=f"{runs} × {len(TASKS)} tasks killed and run again, then {TIMES} × each in random order, {PEOPLE} people"
    )
    dice = random.Random(8)
    killed = 0
    with own_world(lease_seconds="1") as world, world.gateways() as ledgers:
        host = drill.DispatchHost()
        try:
            for number in range(runs):
                round_id = f"{3600 + number}-1"
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
                undisturbed = _rows(round_id)
                since = drill.ledger_sizes(ledgers)
                for task in TASKS:
                    killed += _kill(host, task, round_id, dice)
                    _finish(host, task, round_id, found)
                order = list(TASKS) * TIMES
                dice.shuffle(order)
                for task in order:
                    _finish(host, task, round_id, found)
                if _rows(round_id) != undisturbed:
                    found.broken.append(f"{round_id}: the rows are not those of an undisturbed run")
                judge(found, round_id, ledgers, since)
                _check_everybody(round_id, found)
                report(f"T8/T9 {number + 1}/{runs}: {killed} killed so far")
        finally:
            host.close()
    found.notes.append(
        f"{killed} of {runs * len(TASKS)} tasks were alive to be killed. At Airflow's level: `make round`."
    )
    return found


def _kill(host: drill.DispatchHost, task: str, round_id: str, dice: random.Random) -> bool:
    pid = host.run(task, round_id, MUNICIPALITY)
    time.sleep(dice.uniform(0, 0.4))
    return host.kill(pid)


def _finish(host: drill.DispatchHost, task: str, round_id: str, found: Found) -> None:
    if task == "send_due":
        drill.outlast_leases()
    ended = host.wait(host.run(task, round_id, MUNICIPALITY))
    if ended != 0:
        found.broken.append(
            f"{round_id}: {task} run again ended with {signal.Signals(-ended).name if ended < 0 else ended}"
        )


def _rows(round_id: str) -> dict[str, list[object]]:
    with transaction("fieldwork") as connection:
        return {
            table: [
                tuple(row)
                for row in connection.execute(
                    text(f"SELECT {columns} FROM {table} WHERE round_id = :r ORDER BY {columns}"), {"r": round_id}
                )
            ]
            for table, columns in KEPT.items()
        }


def _check_everybody(round_id: str, found: Found) -> None:
    states = stage.state_counts(round_id)
    done = sum(states.get(state, 0) for state in ("accepted", "delivered", "failed", "unknown"))
    if done != PEOPLE:
        found.broken.append(f"{round_id}: {states}")


DRILL = Drill("T8", "T8/T9: each task killed and run again; each run again three times in random order", run)
