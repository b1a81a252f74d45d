"""
`make bench`, the contact with citizens: how fast messages are planned and written, how fast a wave leaves, and how fast a
citizen's history is found.

On an embedded PostgreSQL with durability on, and against sandbox gateways that share the processors. Wall time depends on
what else the machine does, so the page also says the processor seconds of everything that took part, and the load.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.database import transaction
from borgerpuls.fieldwork import departure, stage
from borgerpuls.fieldwork.dispatch import open_person
from borgerpuls.fieldwork.ledger import Claimed
from borgerpuls.fieldwork.round_content import letter_book, round_key_of, round_of, texts_of
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.world import World, own_world
from borgerpuls.terms import Channel

PILOT = ("0219", "0157", "0376", "0169", "0183", "0846", "0727", "0461", "0740", "0706", "0185", "0630", "0851")
LETTERS = 250_000
WAVE = 23_119
PROCESSES = 2
SECONDS_BAR, RATE_BAR, EXPLAIN_BAR = 120, 500, 5
PLANNED_ROUND, SENT_ROUND = "2900-1", "2901-1"
LOOKS = 5
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


@dataclass(frozen=True)
class Looks:
    """How long it took to tell some citizens' histories."""

    seconds: tuple[float, ...]
    """Of each whole command, its start included."""
    messages: int
    """In the database."""
    lines: int
    """Told of the first citizen."""


def measure_speed(letters: int, wave: int, page: Path, report: Callable[[str], None] = print) -> None:
    """
    Measure all three, and write *page*.

    Args:
        letters: Letters to plan, token and write (three a person).
        wave: Messages of the wave that is sent by two processes.
        page: A Markdown file.
        report: Told how far it is.
    """
    with own_world(lease_seconds="60") as world:
        planned, enveloped, cprs = _plan(world, letters, report)
        sent = _send(world, wave, report)
        looks = _explain(cprs, report)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(_page(planned, enveloped, sent, looks), encoding="utf-8")


def _plan(world: World, letters: int, report: Callable[[str], None]) -> tuple[Measured, Measured, list[str]]:
    """Plan a round, then write it once more as a dispatch does; return both, and the first citizens of a municipality."""
    people = -(-letters // 3)
    sizes = {code: -(-people // len(PILOT)) for code in PILOT}
    made = drill.make_round(PLANNED_ROUND, sizes, is_planned=False)
    load, before, started = os.getloadavg()[0], processor_seconds(world), time.monotonic()
    stage.plan_messages(PLANNED_ROUND)
    stage.prepare_dry_run(PLANNED_ROUND)
    between, then = time.monotonic(), processor_seconds(world)
    planned = Measured(3 * sum(sizes.values()), between - started, then - before, load)
    report(f"{planned.count:,} letters planned and shown in {planned.seconds:.1f} s")
    written = sum(_write_messages(code) for code in PILOT)
    enveloped = Measured(written, time.monotonic() - between, processor_seconds(world) - then, load)
    report(f"{written:,} letters written as MeMo 1.2 in {enveloped.seconds:.1f} s")
    return planned, enveloped, list(made["cpr"][:LOOKS])


def _write_messages(municipality_code: str) -> int:
    """Open each person and write each letter in Digital Post's envelope, as a dispatch does just before its call."""
    with transaction("fieldwork") as connection:
        plan = round_of(connection, PLANNED_ROUND)
        key = round_key_of(connection, PLANNED_ROUND)
        words = texts_of(connection, PLANNED_ROUND)[municipality_code]
        claimed = [
            Claimed(**row)
            for row in connection.execute(
                text("SELECT m.message_id, m.transaction_id, m.person_id, m.wave, m.slot, m.attempt, c.cpr, c.name, "
                     "c.mobile, c.address, false AS is_without_sms FROM fieldwork.message m "
                     "JOIN identity.citizen c USING (round_id, person_id) "
                     "WHERE m.round_id = :r AND m.municipality_code = :c AND m.slot = 'main'"),
                {"r": PLANNED_ROUND, "c": municipality_code},
            ).mappings()
        ]  # fmt: skip
    moment = clock.now()
    with departure.connected_postman(plan, municipality_code, words, letter_book(plan), key) as postman:
        for one in claimed:
            postman.prepare(one, open_person(one, key, with_address=False), Channel.DIGITAL_POST, moment)
    return len(claimed)


def _explain(cprs: list[str], report: Callable[[str], None]) -> Looks:
    """Let the command tell the histories of citizens who are in both rounds, with messages and receipts."""
    with transaction("fieldwork") as connection:
        messages = connection.execute(text("SELECT count(*) FROM fieldwork.message")).scalar_one()
    seconds, lines = [], []
    for cpr in cprs:
        started = time.monotonic()
        told = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "borgerpuls", "fieldwork", "explain"],
            input=f"{cpr}\n", capture_output=True, text=True, check=True, start_new_session=True,
        )  # fmt: skip
        seconds.append(time.monotonic() - started)
        lines.append(len(told.stdout.splitlines()))
    if min(lines) < 12:  # two rounds, five messages each, are told of everybody
        raise AssertionError(lines)
    report(f"{len(cprs)} histories among {messages:,} messages, the slowest in {max(seconds):.1f} s")
    return Looks(tuple(seconds), messages, lines[0])


def _send(world: World, wave: int, report: Callable[[str], None]) -> Measured:
    drill.make_round(SENT_ROUND, {code: -(-wave // len(PILOT)) for code in PILOT})
    with world.gateways() as ledgers:
        host = drill.DispatchHost()
        try:
            load, before, started = os.getloadavg()[0], processor_seconds(world), time.monotonic()
            codes = list(PILOT)
            running = [host.start(SENT_ROUND, codes.pop()) for _ in range(PROCESSES)]
            while running:
                host.wait(running.pop(0))
                if codes:
                    running.append(host.start(SENT_ROUND, codes.pop()))
            seconds = time.monotonic() - started
            spent = processor_seconds(world) - before
        finally:
            host.close()
        verdict = drill.judge(SENT_ROUND, ledgers)
        if not verdict.is_clean() or verdict.unknown:
            raise AssertionError(verdict)
        measured = Measured(stage.state_counts(SENT_ROUND)["accepted"], seconds, spent, load)
        stage.collect_receipts(SENT_ROUND)
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


def _page(planned: Measured, enveloped: Measured, sent: Measured, looks: Looks) -> str:
    together = planned.seconds + enveloped.seconds
    return f"""# The speed of the contact with citizens, as measured

Written by `make bench`; do not edit. PostgreSQL with durability on, {PROCESSES} dispatches at once, the sandbox's gateways
on the same {os.cpu_count()} processors. *Processor time* is that of everybody who took part: dispatches, gateways and
PostgreSQL; *if alone* is the rate it allows on processors that do nothing else. *Load* is the machine's before the
measurement: at more than {os.cpu_count()} others took processors meanwhile, and wall time and rate say little.
After the wave the gateways' ledgers are compared with ours, message by message.

| | Messages | Wall | Rate | Processor time | … a message | If alone | Bar | Load |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{planned.row("planned, tokened, each letter written, previews shown (dry run)", f"{LETTERS:,} in {SECONDS_BAR} s, with the next row")}
{enveloped.row("each person opened, each letter written again as MeMo 1.2 in its envelope", f"{together:.1f} s together")}
{sent.row("a wave: looked up, sent, journalled, recorded", f"{RATE_BAR}/s")}

Letters are the three of each person; {planned.count * 2 // 3:,} texts beside the reminders are planned with them. T1 at the same code:
`docs/faults.md`.

`borgerpuls fieldwork explain`, the whole command with its start, for {len(looks.seconds)} citizens among {looks.messages:,} messages of two
rounds ({looks.lines} lines told): {min(looks.seconds):.1f} to {max(looks.seconds):.1f} s, bar {EXPLAIN_BAR} s.

Run {datetime.now(UTC):%Y-%m-%d}.
"""
