"""
T17: citizens answer while the web process and the database are killed with `kill -9` at random moments.

The crowd sends each page again, with the same key, until it is acknowledged, and a few pages once more although they
were. Afterwards its ledger is compared with the database: each acknowledged answer is there, exactly once.
"""

import math
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Self

from borgerpuls.errors import SandboxDatabaseDidNotStart
from borgerpuls.sandbox.crowd import Crowd, Visitor, inside_the_round, judge, lay_forms
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import World, own_world
from borgerpuls.sandbox.postgres import DURABILITY, start_postgres
from borgerpuls.sandbox.web_process import WebProcess

SUBMISSIONS = 50_000
PAGES = 2
"""Page posts of most submissions; one in fifty goes all the way to the receipt."""
ALL_THE_WAY_SHARE = 0.02
CLIENTS = 16
REPEAT_SHARE = 0.02
SECONDS_BETWEEN_KILLS = (10.0, 40.0)
WEB_SHARE = 0.6
"""Share of the kills that hit the web process; the others hit the database."""
ROUND = "2023-2"


class Killer:
    """Kills the web process or the database at random moments, and starts again what it has killed."""

    def __init__(self, world: World, web: WebProcess, between: tuple[float, float], most: float, seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self.down_seconds: list[float] = []
        self.between = between
        self._world, self._web, self._most = world, web, most
        self._dice = random.Random(seed)
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            while self.kills.total() < self._most and not self._stop.wait(self._dice.uniform(*self.between)):
                began = time.monotonic()
                # Each of them at least once, then as the dice fall.
                is_web = self.kills.total() == 0 or (self.kills.total() > 1 and self._dice.random() < WEB_SHARE)
                if is_web:
                    self._web.kill()
                    self._web.start()
                    self.kills["web"] += 1
                else:
                    crash_database(self._world)
                    self.kills["database"] += 1
                self.down_seconds.append(time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - raised where somebody waits for it
            self._failure = error


def crash_database(world: World) -> None:
    """
    Kill the server's first process with `kill -9` and start the cluster again, which recovers from its log.

    Raises:
        SandboxDatabaseDidNotStart: It did not come back within a minute.
    """
    pid = int((world.cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while True:
        try:
            # While a child of the killed server still ends, its memory is in use and the start is refused.
            start_postgres(world.cluster.folder, world.cluster.port)
        except SandboxDatabaseDidNotStart:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def run(share: float, report: Report) -> Found:
    """Let the crowd answer while things die, then compare."""
    return answer_under_fire(max(100, round(SUBMISSIONS * share)), SECONDS_BETWEEN_KILLS, report)


def answer_under_fire(
    submissions: int, between: tuple[float, float], report: Report, *, most_kills: float = math.inf, seed: int = 17
) -> Found:
    """
    Run the drill.

    Args:
        submissions: Citizens who answer.
        between: Shortest and longest time between two kills, in seconds.
        report: Told how far it is.
        most_kills: Then everybody may finish in peace.
        seed: Of the moments and of what is killed.
    """
    with own_world() as world:
        inside_the_round()
        visitors = lay_forms(ROUND, submissions)
        web = WebProcess(world.folder / "web")
        web.start()
        ledger = world.folder / "crowd.tsv"
        crowd = Crowd(web.port, ledger)
        began = time.monotonic()
        try:
            with Killer(world, web, between, most_kills, seed) as killer:
                for part in _parts(visitors):
                    whole = max(1, round(len(part) * ALL_THE_WAY_SHARE))
                    crowd.visit(part[:whole], clients=CLIENTS, looks=False, repeat_share=REPEAT_SHARE)
                    crowd.visit(part[whole:], clients=CLIENTS, pages=PAGES, looks=False, repeat_share=REPEAT_SHARE)
                    report(f"T17 {crowd.told.submissions:,}/{submissions:,}: killed {dict(killer.kills)}")
            seconds = time.monotonic() - began
            return _found(crowd, killer, ledger, world, seconds)
        finally:
            web.kill()


def _found(crowd: Crowd, killer: Killer, ledger: Path, world: World, seconds: float) -> Found:
    told, verdict = crowd.told, judge(ROUND, ledger)
    found = Found(
        dose=f"{told.submissions:,} submissions, {verdict.acknowledged:,} pages, {killer.kills.total()} kills",
        cases=verdict.acknowledged,
        doubles=verdict.doubles,
        lost=verdict.lost,
        in_doubt=told.gave_up,
        longest_recovery_seconds=max(killer.down_seconds, default=0.0),
    )
    if verdict.strangers:
        found.broken.append(f"{verdict.strangers} pages are saved that nobody was told about")
    if told.gave_up:
        found.broken.append(f"{told.gave_up} citizens gave up")
    if verdict.acknowledged != told.pages:
        found.broken.append(f"{told.pages} pages acknowledged, {verdict.acknowledged} in the ledger")
    if world.cluster.durability() != DURABILITY:
        found.broken.append("durability was not on")
    if min(killer.kills["web"], killer.kills["database"]) == 0:
        found.broken.append(f"not both were killed: {dict(killer.kills)}")
    found.notes.append(
        f"Each submission starts over HTTP and posts {PAGES} pages, {ALL_THE_WAY_SHARE:.0%} of them all pages to the receipt; "
        f"{CLIENTS} at once. Counted are acknowledged pages, each with every answer on it."
    )
    found.notes.append(
        f"Web process killed {killer.kills['web']} times, database {killer.kills['database']} times, every "
        f"{killer.between[0]:.0f}-{killer.between[1]:.0f} s; {told.tries_again:,} requests sent again, "
        f"{told.sent_twice:,} acknowledged pages sent once more; {told.requests / seconds:.0f} requests/s, outages included."
    )
    return found


def _parts(visitors: list[Visitor]) -> list[list[Visitor]]:
    size = max(1, len(visitors) // 10)
    return [visitors[start : start + size] for start in range(0, len(visitors), size)]


DRILL = Drill("T17", "`kill -9` of the web process and of PostgreSQL while citizens answer", run)
