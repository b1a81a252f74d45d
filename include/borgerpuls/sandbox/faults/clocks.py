"""
T6: the dispatch's clock is wrong: an hour, a day, over summer time and the end of a year.

The one clock (`clock.now`) is put to another time for the dispatch, as a machine with a wrong clock would have it; leases
follow the database's own clock, which stays. After the wrong time the right one comes, and everybody must have been
written to once. Not libfaketime: under it Python's timed waits hang (clock_nanosleep and sem_clockwait, version 0.9.10).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from borgerpuls import clock
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, judge, own_world, send

PEOPLE = 100


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
    return found


def _dispatch(round_id: str, moment: str) -> int:
    """Dispatch by a clock that stands at *moment*, and return how many messages left."""
    with _clock_at(datetime.fromisoformat(moment).replace(tzinfo=clock.COPENHAGEN)):
        return send(round_id)["sent"]


@contextmanager
def _clock_at(moment: datetime) -> Iterator[None]:
    real = clock.now
    clock.now = lambda: moment
    try:
        yield
    finally:
        clock.now = real


DRILL = Drill("T6", "clock ±1 hour and ±1 day, daylight saving, the end of a year", run)
