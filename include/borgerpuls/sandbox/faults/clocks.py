"""
T6: the dispatch's clock is wrong: an hour, a day, over summer time and the end of a year.

The dispatch is a process of its own whose whole clock libfaketime has put to another time, as on a machine with a wrong
clock; leases follow the database's own clock, which stays. After the wrong time the right one comes, and everybody must
have been written to once. Monotonic time is left alone, else Python's timed waits hang; `time.sleep` is an error all the
same (clock_nanosleep, version 0.9.10), so the process sleeps by `select`. Without libfaketime (Debian: `faketime`) the one
clock, `clock.now`, is put to the other time instead.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from borgerpuls import clock
from borgerpuls.errors import ServiceDidNotStart
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, judge, own_world, send

PEOPLE = 100


_SEND_BY_THE_MACHINES_CLOCK = """
import select, sys, time
time.sleep = lambda seconds: select.select([], [], [], max(0, seconds)) and None
from borgerpuls import clock
from borgerpuls.fieldwork import stage
print(clock.today(), stage.send_due(sys.argv[1], sys.argv[2])["sent"])
"""


@dataclass(frozen=True)
class Case:
    """Two dispatches of a round whose invitation is due on *invited*: the clock of each, and who may be written to."""

    name: str
    invited: date
    times: tuple[str, str]
    """Danish time on the dispatch's clock."""
    sent: tuple[int, int]
    """Messages per person that may leave at each."""
    reminded: date | None = None


CASES = (
    Case("one hour slow", date(2023, 8, 22), ("2023-08-22 09:00:00", "2023-08-22 10:00:00"), (1, 0)),
    Case("one hour fast", date(2023, 8, 22), ("2023-08-22 11:00:00", "2023-08-22 10:00:00"), (1, 0)),
    Case("one day slow", date(2023, 8, 22), ("2023-08-21 10:00:00", "2023-08-22 10:00:00"), (0, 1)),
    Case("one day fast", date(2023, 8, 22), ("2023-08-23 10:00:00", "2023-08-22 10:00:00"), (1, 0)),
    Case("an hour before the window", date(2023, 8, 22), ("2023-08-22 07:00:00", "2023-08-22 10:00:00"), (0, 1)),
    Case("after the window", date(2023, 8, 22), ("2023-08-22 19:00:00", "2023-08-23 10:00:00"), (0, 1)),
    Case("five local days, summer time ends", date(2023, 10, 26), ("2023-10-26 10:00:00", "2023-10-31 10:00:00"), (1, 0),
         date(2023, 10, 27)),
    Case("six local days, summer time ends", date(2023, 10, 26), ("2023-10-26 10:00:00", "2023-11-01 09:00:00"), (1, 1),
         date(2023, 10, 27)),
    Case("over Easter, summer time begins", date(2024, 3, 26), ("2024-03-26 10:00:00", "2024-04-02 08:00:00"), (1, 1),
         date(2024, 3, 27)),
    Case("Christmas to New Year", date(2023, 12, 20), ("2023-12-20 10:00:00", "2023-12-27 10:00:00"), (1, 0),
         date(2023, 12, 21)),
    Case("over the end of the year", date(2023, 12, 20), ("2023-12-20 10:00:00", "2024-01-03 10:00:00"), (1, 1),
         date(2023, 12, 21)),
)  # fmt: skip


def run(share: float, report: Report) -> Found:
    """Dispatch at each wrong time and then at the right one."""
    people = max(10, round(PEOPLE * share))
    found = Found(dose=f"{len(CASES)} clocks × {people} people, two dispatches each")
    with own_world(lease_seconds="60") as world, world.gateways() as ledgers:
        for number, case in enumerate(CASES):
            round_id = f"{3500 + number}-1"
            reminded = case.reminded or date(2023, 8, 29)
            close = date(2024, 6, 1)
            days = (case.invited, reminded, date(2024, 5, 2), close)
            drill.make_round(round_id, {MUNICIPALITY: people}, mobile=("",), wave_dates=days)
            since = drill.ledger_sizes(ledgers)
            sent = [_dispatch(round_id, moment) for moment in case.times]
            if sent != [people * each for each in case.sent]:
                found.broken.append(f"{case.name}: {sent} messages left instead of {[people * n for n in case.sent]}")
            judge(found, round_id, ledgers, since)
            report(f"T6 {case.name}: {sent}")
    found.notes.append("Clocks: " + "; ".join(case.name for case in CASES) + ".")
    found.notes.append(
        "The whole clock of each dispatch's process is put by libfaketime; its monotonic time and the database's clock stay."
        if shutil.which("faketime")
        else "libfaketime is not installed: only the one clock of the code, `clock.now`, was put."
    )
    return found


def _dispatch(round_id: str, moment: str) -> int:
    """Dispatch by a clock that goes from *moment* on, and return how many messages left."""
    faketime = shutil.which("faketime")
    if faketime is None:
        with _clock_at(datetime.fromisoformat(moment).replace(tzinfo=clock.COPENHAGEN)):
            return send(round_id)["sent"]
    told = subprocess.run(
        [faketime, "-m", "-f", f"@{moment}", sys.executable, "-c", _SEND_BY_THE_MACHINES_CLOCK, round_id, MUNICIPALITY],
        env=os.environ | {"BORGERPULS_CLOCK": "real", "TZ": "Europe/Copenhagen", "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout.split()  # fmt: skip
    if told[0] != moment[:10]:
        raise ServiceDidNotStart(f"Under faketime it is {told[0]}, not {moment[:10]}.")
    return int(told[1])


@contextmanager
def _clock_at(moment: datetime) -> Iterator[None]:
    real = clock.now
    clock.now = lambda: moment
    try:
        yield
    finally:
        clock.now = real


DRILL = Drill("T6", "clock ±1 hour and ±1 day, daylight saving, the end of a year", run)
