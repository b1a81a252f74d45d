"""
T1: the dispatch is killed with `kill -9`, at random moments and at the points where it is worst.

After each death the leases run out by themselves and another dispatch takes over. Recovery is timed from the kill to
the moment when everybody else has been written to and nothing is claimed or being sent any more.
"""

import random
import signal
import time
from pathlib import Path

from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import LEASE_SECONDS, MUNICIPALITY, judge, own_world, send
from borgerpuls.settings import Settings, settings

RUNS, PEOPLE = 200, 1000
POINTS = ("claimed", "begun", "intended", "called", "noted")
MOST_PASSINGS = 40
"""A round of PEOPLE passes the points of sending at least so often, `claimed` once a batch."""
LONGEST_RECOVERY_SECONDS = 60.0


def run(share: float, report: Report) -> Found:
    """Kill dispatches, let others take over, compare."""
    runs = max(2, round(RUNS * share))
    found = Found(dose=f"{runs} runs × {PEOPLE:,} messages", longest_recovery_seconds=0.0)
    dice = random.Random(20230822)
    killed: dict[str, int] = {}
    with own_world() as world, world.gateways() as ledgers:
        host = drill.DispatchHost()
        try:
            for number in range(runs):
                round_id = f"{3000 + number}-1"
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
                since = drill.ledger_sizes(ledgers)
                point = dice.choice(POINTS) if number % 2 else "random moment"
                was_killed = kill_one(host, round_id, point, ledgers, dice)
                take_over(round_id, found)
                verdict = judge(found, round_id, ledgers, since)
                if was_killed:
                    killed[point] = killed.get(point, 0) + 1
                elif verdict.unknown:
                    found.broken.append(f"{verdict.unknown} in doubt in {round_id}, where nothing was killed")
                report(f"T1 {number + 1}/{runs}: {point}, killed {was_killed}, in doubt {verdict.unknown}")
        finally:
            host.close()
    places = ", ".join(f"{point} {count}" for point, count in sorted(killed.items()))
    found.notes.append(f"{sum(killed.values())} of {runs} dispatches were alive to be killed ({places}).")
    found.notes.append(
        f"Leases of {LEASE_SECONDS} s in the drill, and of {Settings.model_fields['lease_seconds'].default} s by default: "
        "recovery there takes so much longer, waited for by the dispatch itself."
    )
    return found


def kill_one(
    host: drill.DispatchHost,
    round_id: str,
    point: str,
    ledgers: list[Path],
    dice: random.Random,
    people: int = PEOPLE,
    most_passings: int = MOST_PASSINGS,
) -> bool:
    """Start a dispatch, kill it at a named point or a random moment, and return whether it was alive."""
    if point in POINTS:
        batches = -(-people // settings().send_batch_size)
        passings = batches if point == "claimed" else most_passings
        return host.wait(host.start(round_id, MUNICIPALITY, point, dice.randint(1, passings))) == -signal.SIGKILL
    pid = host.start(round_id, MUNICIPALITY)
    drill.await_messages(ledgers, dice.uniform(0, 0.9) * people)
    return host.kill(pid)


def take_over(round_id: str, found: Found) -> None:
    """Dispatch until nothing is left behind, and time it."""
    started = time.monotonic()
    while True:
        send(round_id)
        if not drill.left_behind(round_id):
            break
        if time.monotonic() - started > LONGEST_RECOVERY_SECONDS:
            found.broken.append(f"{round_id} has not recovered after {LONGEST_RECOVERY_SECONDS:.0f} s")
            break
        time.sleep(min(drill.seconds_of_lease(round_id), 1.0))
    seconds = time.monotonic() - started
    found.longest_recovery_seconds = max(found.longest_recovery_seconds or 0.0, seconds)


DRILL = Drill("T1", "`kill -9` of the dispatch, at random moments and at named points", run)
