"""
`make bench`, the contact with citizens: how fast messages are planned and written, and how fast a wave leaves.

On an embedded PostgreSQL with durability on, and against sandbox gateways that share the processors. Wall time depends on
what else the machine does, so the page also says the processor seconds of everything that took part, and the load.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.world import World, own_world

PILOT = ("0219", "0157", "0376", "0169", "0183", "0846", "0727", "0461", "0740", "0706", "0185", "0630", "0851")
LETTERS = 250_000
WAVE = 23_119
PROCESSES = 2
SECONDS_BAR, RATE_BAR = 120, 500
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """What one piece of work took: wall seconds and processor seconds of all who took part."""

    count: int
    seconds: float
    processor_seconds: float
    load: float

    def row(self, name: str, bar: str) -> str:
        """Return it as a row of the page."""
        return (
            f"| {name} | {self.count:,} | {self.seconds:.1f} s | {self.count / self.seconds:,.0f}/s | "
            f"{self.processor_seconds:.1f} s | {1000 * self.processor_seconds / self.count:.2f} ms | "
            f"{os.cpu_count() / (self.processor_seconds / self.count):,.0f}/s | {bar} | {self.load:.1f} |"  # type: ignore[operator]
        )


def measure_speed(letters: int, wave: int, page: Path, report: Callable[[str], None] = print) -> None:
    """
    Measure both, and write *page*.

    Args:
        letters: Letters to plan, token and write (three a person).
        wave: Messages of the wave that is sent by two processes.
        page: A Markdown file.
        report: Told how far it is.
    """
    with own_world(lease_seconds="60") as world:
        planned = _plan(world, letters, report)
        sent = _send(world, wave, report)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(_page(planned, sent), encoding="utf-8")


def _plan(world: World, letters: int, report: Callable[[str], None]) -> Measured:
    people = -(-letters // 3)
    sizes = {code: -(-people // len(PILOT)) for code in PILOT}
    drill.make_round("2900-1", sizes, is_planned=False)
    load, before, started = os.getloadavg()[0], processor_seconds(world), time.monotonic()
    stage.plan_messages("2900-1")
    stage.prepare_dry_run("2900-1")
    measured = Measured(3 * sum(sizes.values()), time.monotonic() - started, processor_seconds(world) - before, load)
    report(f"{measured.count:,} letters planned and written in {measured.seconds:.1f} s")
    return measured


def _send(world: World, wave: int, report: Callable[[str], None]) -> Measured:
    drill.make_round("2901-1", {code: -(-wave // len(PILOT)) for code in PILOT})
    with world.gateways() as ledgers:
        host = drill.DispatchHost()
        try:
            load, before, started = os.getloadavg()[0], processor_seconds(world), time.monotonic()
            codes = list(PILOT)
            running = [host.start("2901-1", codes.pop()) for _ in range(PROCESSES)]
            while running:
                host.wait(running.pop(0))
                if codes:
                    running.append(host.start("2901-1", codes.pop()))
            seconds = time.monotonic() - started
            spent = processor_seconds(world) - before
        finally:
            host.close()
        verdict = drill.judge("2901-1", ledgers)
        if not verdict.is_clean() or verdict.unknown:
            raise AssertionError(verdict)
    measured = Measured(stage.state_counts("2901-1")["accepted"], seconds, spent, load)
    report(f"{measured.count:,} messages sent in {measured.seconds:.1f} s")
    return measured


def processor_seconds(world: World) -> float:
    """Return the processor seconds so far of this process, its children and PostgreSQL, those that have ended included."""
    postmaster = int((world.cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    wanted, ticks = {os.getpid(), postmaster}, 0
    fields = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            fields[int(entry.name)] = stat
    for _ in range(4):  # children of children: the dispatches that a host forks
        wanted |= {pid for pid, stat in fields.items() if int(stat[1]) in wanted}
    for pid in wanted & fields.keys():
        ticks += sum(int(field) for field in fields[pid][11:15])  # its own and those of its ended children
    return ticks / TICKS


def _page(planned: Measured, sent: Measured) -> str:
    return f"""# The speed of the contact with citizens, as measured

Written by `make bench`; do not edit. PostgreSQL with durability on, {PROCESSES} dispatches at once, the sandbox's gateways
on the same {os.cpu_count()} processors. *Processor time* is that of everybody who took part: dispatches, gateways and
PostgreSQL; *if alone* is the rate it allows on processors that do nothing else. *Load* is the machine's before the
measurement: at more than {os.cpu_count()} others took processors meanwhile, and wall time and rate say little.
After the wave the gateways' ledgers are compared with ours, message by message.

| | Messages | Wall | Rate | Processor time | … a message | If alone | Bar | Load |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{planned.row("planned, tokened, written and shown (dry run)", f"{LETTERS:,} in {SECONDS_BAR} s")}
{sent.row("a wave: looked up, sent, journalled, recorded", f"{RATE_BAR}/s")}

Run {datetime.now(UTC):%Y-%m-%d}.
"""
