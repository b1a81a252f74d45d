"""
T5: three dispatches of one municipality at once, and an operator who double-clicks every task before it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from borgerpuls.database import transaction
from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, judge, own_world, send

RUNS, PEOPLE, AT_ONCE = 20, 300, 3


def run(share: float, report: Report) -> Found:
    """Do everything at once, several times."""
    runs = max(2, round(RUNS * share))
    found = Found(dose=f"{runs} rounds of {PEOPLE} messages, every task {AT_ONCE} times at once")
    shared = 0
    with own_world(lease_seconds="60") as world, world.gateways() as ledgers:
        host = drill.DispatchHost()
        try:
            for number in range(runs):
                round_id = f"{3400 + number}-2"
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE}, is_approved=False)
                since = drill.ledger_sizes(ledgers)
                for task in (stage.plan_messages, stage.prepare_dry_run, _approve):
                    _click(task, round_id, found)
                pids = [host.start(round_id, MUNICIPALITY) for _ in range(AT_ONCE)]
                if [host.wait(pid) for pid in pids] != [0] * AT_ONCE:
                    found.broken.append(f"{round_id}: a dispatch failed beside the others")
                states = stage.state_counts(round_id)
                if states != {"accepted": PEOPLE, "planned": 4 * PEOPLE}:
                    found.broken.append(f"{round_id}: {states}")
                if send(round_id)["sent"]:
                    found.broken.append(f"{round_id}: the next dispatch found something to send")
                shared += _dispatches_that_sent(round_id) > 1
                judge(found, round_id, ledgers, since)
                report(f"T5 {number + 1}/{runs}")
        finally:
            host.close()
    found.notes.append(f"In {shared} of {runs} rounds more than one of the dispatches sent part of the wave.")
    return found


def _click(task: Callable[[str], object], round_id: str, found: Found) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(task, round_id) for _ in range(AT_ONCE)]:
            error = future.exception()
            if error is not None:
                found.broken.append(f"{round_id}: a second click raised {type(error).__name__}")


def _approve(round_id: str) -> object:
    return stage.record_approval(round_id, "kollega")


def _dispatches_that_sent(round_id: str) -> int:
    with transaction("fieldwork") as connection:
        count: int = connection.execute(
            text(
                "SELECT count(DISTINCT lease_owner) FROM fieldwork.message WHERE round_id = :r AND state = 'accepted'"
            ),
            {"r": round_id},
        ).scalar_one()
    return count


DRILL = Drill("T5", "two schedulers, dispatches at once, an operator who double-clicks", run)
