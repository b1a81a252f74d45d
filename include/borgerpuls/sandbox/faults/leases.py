"""
T1d: T1 with the leases of the settings, which a drill of hundreds of crashes cannot wait for.

After the crash the next dispatch is started at once, as Airflow's retry is, and nobody makes the leases run out.
"""

import random

from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.crash import LONGEST_RECOVERY_SECONDS, POINTS, kill_one, take_over
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, judge, own_world
from borgerpuls.settings import Settings

RUNS, PEOPLE = 10, 500


def run(share: float, report: Report) -> Found:
    """Kill a dispatch at each point, let one other take over, and time it."""
    runs = max(2, round(RUNS * share))
    lease_seconds = Settings.model_fields["lease_seconds"].default
    found = Found(
        dose=f"{runs} runs × {PEOPLE} messages, leases of {lease_seconds} s, two dispatches each",
        longest_recovery_seconds=0.0,
    )
    dice = random.Random(20230905)
    with own_world(lease_seconds=str(lease_seconds)) as world, world.gateways() as ledgers:
        host = drill.DispatchHost()
        try:
            for number in range(runs):
                round_id = f"{3000 + number}-2"
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
                since = drill.ledger_sizes(ledgers)
                point = POINTS[number % len(POINTS)]
                if not kill_one(host, round_id, point, ledgers, dice, PEOPLE, most_passings=10):
                    found.broken.append(f"{round_id}: the dispatch was not killed at {point!r}")
                take_over(round_id, found)
                judge(found, round_id, ledgers, since)
                report(f"T1d {number + 1}/{runs}: {point}, longest recovery {found.longest_recovery_seconds:.1f} s")
        finally:
            host.close()
    if (found.longest_recovery_seconds or 0.0) > LONGEST_RECOVERY_SECONDS:
        found.broken.append(f"recovery took longer than {LONGEST_RECOVERY_SECONDS:.0f} s")
    return found


DRILL = Drill("T1d", "the same with the leases of the settings", run)
