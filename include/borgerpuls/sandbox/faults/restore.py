"""
T11: the database restored to an earlier moment in mid-wave, while the journal and the gateways know more.

The backup is a copy of the whole database, taken when part of the wave was out; more is sent, and the copy takes the
database's place. The round must pause itself, the journal be replayed, and nobody written to twice.
"""

import random

from borgerpuls.database import close_engines
from borgerpuls.errors import RoundWasRestored
from borgerpuls.fieldwork import operations, stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, World, judge, own_world, send

RUNS, PEOPLE = 20, 500


def run(share: float, report: Report) -> Found:
    """Restore in mid-wave, several times."""
    runs = max(2, round(RUNS * share))
    found = Found(dose=f"{runs} restores in mid-wave of {PEOPLE} messages")
    dice = random.Random(11)
    forgotten = 0
    with own_world() as world, world.gateways() as ledgers:
        host = drill.DispatchHost()
        try:
            for number in range(runs):
                round_id = f"{3800 + number}-1"
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
                since = drill.ledger_sizes(ledgers)
                backup_at, end_at = sorted(dice.sample(range(PEOPLE // 10, PEOPLE * 9 // 10), 2))
                _send_until(host, round_id, ledgers, backup_at)
                _back_up(world)
                if number % 2:
                    _send_until(host, round_id, ledgers, end_at - backup_at)
                else:
                    drill.outlast_leases()
                    send(round_id)
                _restore(world)
                forgotten += _resume(round_id, found)
                judge(found, round_id, ledgers, since, crashes=1 + number % 2)
                report(f"T11 {number + 1}/{runs}: {forgotten} replayed so far, in doubt {found.in_doubt}")
        finally:
            host.close()
    found.notes.append(f"{forgotten:,} messages that the database had forgotten were replayed from the journal.")
    return found


def _send_until(host: drill.DispatchHost, round_id: str, ledgers: list, messages: int) -> None:  # type: ignore[type-arg]
    """Dispatch, and kill the dispatch when so many messages are out."""
    drill.outlast_leases()
    before = drill.ledger_sizes(ledgers)
    pid = host.start(round_id, MUNICIPALITY)
    drill.await_messages(ledgers, messages, before)
    host.kill(pid)


def _back_up(world: World) -> None:
    close_engines()
    world.cluster.create_database("backup", template="drill")


def _restore(world: World) -> None:
    close_engines()
    world.cluster.drop_database("drill")
    world.cluster.rename_database("backup", "drill")


def _resume(round_id: str, found: Found) -> int:
    """Meet the restore as the runbook says, and return how many messages the journal brought back."""
    before = stage.state_counts(round_id)
    unsent = before.get("planned", 0) + before.get("claimed", 0)
    drill.outlast_leases()
    try:
        send(round_id)
        found.broken.append(f"{round_id}: the restore was not noticed")
    except RoundWasRestored:
        pass
    if send(round_id)["sent"]:
        found.broken.append(f"{round_id}: the round did not pause itself")
    after = stage.state_counts(round_id)
    operations.resume(round_id, "drift")
    send(round_id)
    states = stage.state_counts(round_id)
    if states.get("accepted", 0) + states.get("unknown", 0) != PEOPLE:
        found.broken.append(f"{round_id}: {states}")
    return unsent - after.get("planned", 0) - after.get("claimed", 0)


DRILL = Drill("T11", "the whole database restored to an earlier moment in mid-wave", run)
