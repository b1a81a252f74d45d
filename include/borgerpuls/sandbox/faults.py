"""
`make faults`: the fault drills at a chosen dose, and the page of figures they leave behind.

Runs against an embedded PostgreSQL of its own with durability on, and against gateways that are processes of their
own. The page says what was run, with which dose, on which machine, and what was found; it claims nothing else.
"""

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from borgerpuls import clock, database, settings, vault
from borgerpuls.fieldwork import stage
from borgerpuls.migration import migrate
from borgerpuls.sandbox import drill, simulator
from borgerpuls.sandbox.postgres import EmbeddedPostgres, start_postgres

MUNICIPALITY = "0461"
PILOT = ("0219", "0157", "0376", "0169", "0183", "0846", "0727", "0461", "0740", "0706", "0185", "0630", "0851")
MOST_PASSINGS = 40
"""A batch of 200 passes the points of sending at least so often, the others once or twice."""
LONGEST_WAIT_SECONDS = 60.0
POINTS = ("claimed", "begun", "intended", "called", "noted")
SECRET = "gateway-secret"  # noqa: S105 - a drill's own


@dataclass(frozen=True)
class Dose:
    """How much of each drill."""

    crash_runs: int
    crash_people: int
    seeds: int
    speed_people: int


@dataclass
class Findings:
    """What the drills found."""

    crash_runs: int = 0
    killed: int = 0
    messages: int = 0
    doubles: int = 0
    lost: int = 0
    most_unknown: int = 0
    unknown: int = 0
    longest_recovery_seconds: float = 0.0
    broken_seeds: list[int] = field(default_factory=list)
    seeds: int = 0
    simulated_accepted: int = 0
    simulated_crashes: int = 0
    simulated_restores: int = 0
    dispatched: int = 0
    dispatch_seconds: float = 0.0
    plan_seconds: float = 0.0
    load_before: float = 0.0


def run_faults(dose: Dose, page: Path, report: Callable[[str], None] = print) -> Findings:
    """Run the drills, write *page*, and return what was found."""
    found = Findings(load_before=os.getloadavg()[0])
    with _own_world() as ledgers:
        _crash(dose, found, ledgers, report)
        _speed(dose, found, report)
    _simulate(dose, found, report)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(_page(dose, found), encoding="utf-8")
    return found


@contextmanager
def _own_world() -> Iterator[list[Path]]:
    """Yield the gateways' ledgers; database, keys, journal and gateways are made for the drill and removed."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="borgerpuls-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = start_postgres(folder / "postgres")
        try:
            _enter(cluster, folder)
            ledgers = [folder / "digital_post.tsv", folder / "sms.tsv"]
            with (
                drill.running_gateway("digital_post", SECRET, ledgers[0], undeliverable=0.0) as post,
                drill.running_gateway("sms", SECRET, ledgers[1], undeliverable=0.0) as sms,
            ):
                os.environ |= {"BORGERPULS_DIGITAL_POST_GATEWAY_URL": post, "BORGERPULS_SMS_GATEWAY_URL": sms}
                settings.settings.cache_clear()
                clock.move_to(drill.INSIDE_THE_WINDOW)
                yield ledgers
        finally:
            database.close_engines()
            cluster.stop("immediate")
            os.environ.clear()
            os.environ |= before
            settings.settings.cache_clear()
            vault.vault.cache_clear()


def _enter(cluster: EmbeddedPostgres, folder: Path) -> None:
    cluster.create_database("drill")
    vault.make_keys(folder / "keys", seed=1)
    os.environ |= {
        "BORGERPULS_DATABASE_ADMIN_URL": cluster.url("drill"),
        "BORGERPULS_DATABASE_URL": cluster.url("drill", "borgerpuls_pipeline", "pipeline-secret"),
        "BORGERPULS_QUESTIONNAIRE_DATABASE_URL": cluster.url("drill", "borgerpuls_web", "web-secret"),
        "BORGERPULS_KEY_FOLDER": str(folder / "keys"),
        "BORGERPULS_CLOCK": "simulated",
        "BORGERPULS_GATEWAYS": "sandbox",
        "BORGERPULS_GATEWAY_TOKEN": SECRET,
    }
    database.close_engines()
    settings.settings.cache_clear()
    vault.vault.cache_clear()
    migrate()


def _crash(dose: Dose, found: Findings, ledgers: list[Path], report: Callable[[str], None]) -> None:
    dice = random.Random(20230822)
    host = drill.DispatchHost()
    try:
        for run in range(dose.crash_runs):
            round_id = f"{3000 + run}-1"
            drill.make_round(round_id, {MUNICIPALITY: dose.crash_people})
            if run % 2:
                pid = host.start(round_id, MUNICIPALITY, dice.choice(POINTS), dice.randint(1, MOST_PASSINGS))
                was_killed = host.wait(pid) == -signal.SIGKILL
            else:
                pid = host.start(round_id, MUNICIPALITY)
                _await_lines(ledgers, _lines(ledgers) + dice.randint(0, dose.crash_people * 9 // 10))
                was_killed = host.kill(pid)
            drill.outlast_leases()
            started = time.monotonic()
            stage.send_due(round_id, MUNICIPALITY)
            verdict = drill.judge(round_id, ledgers)
            found.longest_recovery_seconds = max(found.longest_recovery_seconds, time.monotonic() - started)
            found.crash_runs += 1
            found.killed += was_killed
            found.messages += dose.crash_people
            found.doubles += verdict.doubles
            found.lost += verdict.lost + verdict.forgotten + (verdict.planned - verdict.accounted)
            found.unknown += verdict.unknown
            found.most_unknown = max(found.most_unknown, verdict.unknown)
            report(
                f"T1 {run + 1}/{dose.crash_runs}: killed {was_killed}, doubles {verdict.doubles}, in doubt {verdict.unknown}"
            )
    finally:
        host.close()


def _lines(ledgers: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in ledgers if path.exists())


def _await_lines(ledgers: list[Path], wanted: int) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while _lines(ledgers) < wanted and time.monotonic() < deadline:
        time.sleep(0.002)


def _speed(dose: Dose, found: Findings, report: Callable[[str], None]) -> None:
    people = {code: dose.speed_people // len(PILOT) for code in PILOT}
    started = time.monotonic()
    drill.make_round("2900-1", people)
    found.plan_seconds = time.monotonic() - started
    host = drill.DispatchHost()
    try:
        started = time.monotonic()
        codes = list(PILOT)
        running = [host.start("2900-1", codes.pop()) for _ in range(2)]
        while running:
            host.wait(running.pop(0))
            if codes:
                running.append(host.start("2900-1", codes.pop()))
        found.dispatch_seconds = time.monotonic() - started
    finally:
        host.close()
    found.dispatched = stage.state_counts("2900-1").get("accepted", 0)
    report(f"{found.dispatched} dispatched in {found.dispatch_seconds:.1f} s")


def _simulate(dose: Dose, found: Findings, report: Callable[[str], None]) -> None:
    for seed in range(dose.seeds):
        try:
            world = simulator.tell_story(seed)
        except simulator.PromiseBrokenError as error:
            found.broken_seeds.append(seed)
            report(f"T1b seed {seed}: {error}")
            continue
        found.simulated_accepted += sum(world.accepted.values())
        found.simulated_crashes += world.crashes
        found.simulated_restores += world.restores
    found.seeds = dose.seeds


def _page(dose: Dose, found: Findings) -> str:
    def bound(runs: int) -> str:
        return f"rate below {3 / runs:.2g} with 95 % confidence" if runs else "not run"

    rate = found.dispatched / found.dispatch_seconds if found.dispatch_seconds else 0.0
    return f"""# Faults: what was run and what was found

Written by `make faults`. PostgreSQL with fsync, full_page_writes and synchronous_commit on; gateways as processes of
their own, whose ledgers are the oracle. "0 of n" bounds a rate at 3/n. Processors: {os.cpu_count()}; load of the
machine when the drills began: {found.load_before:.1f}.

| Drill | Dose of this run | Contract's dose | Found |
| --- | --- | --- | --- |
| T1 `kill -9` of the dispatch, at random moments and at named points | {found.crash_runs} runs of {dose.crash_people} messages, {found.killed} killed | 200 × 1,000 | doubles {found.doubles}, lost {found.lost} of {found.messages} ({bound(found.messages)}); in doubt at most {found.most_unknown} a run ({found.unknown} in all); recovered in at most {found.longest_recovery_seconds:.1f} s after the lease |
| T1b simulator | {found.seeds} seeds, {found.simulated_accepted} acceptances, {found.simulated_crashes} crashes, {found.simulated_restores} restores | 10,000 seeds | broken seeds: {", ".join(map(str, found.broken_seeds)) or "none"} |
| Dispatch of a wave, two processes | {found.dispatched} messages (look-up and send each) | ≥ 500/s | {rate:.0f}/s ({found.dispatch_seconds:.1f} s); planned, written and approved in {found.plan_seconds:.1f} s |

T2–T6 and T8–T11 are run by `pytest tests/faults` at the dose stated in each test; this page does not repeat them.
"""
