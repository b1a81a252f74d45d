"""
The questionnaire against its bars: requests per second and core, the time of a page save, a slow telephone, bytes, links.

The service and PostgreSQL run as in production, durability on; the crowd is a third process and is not counted. Whoever
runs everything gets the figures in docs/questionnaire-figures.md.
"""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from chromium import Chromium

from borgerpuls.sandbox.crowd import Crowd, Visitor, inside_the_round, judge, lay_forms
from borgerpuls.sandbox.faults.world import World, own_world
from borgerpuls.sandbox.web_process import WebProcess
from borgerpuls.vault import vault

PAGE = Path(__file__).parents[2] / "docs" / "questionnaire-figures.md"
ROUND = "2023-2"
CITIZENS, CLIENTS = 400, 6
BAR_REQUESTS, BAR_SAVE_SECONDS, BAR_INTERACTIVE_SECONDS, BAR_BYTES = 400, 0.3, 0.7, 10 * 1024
TOKENS = 1_000_000
LOOKS = 9
SLOW = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8, "offline": False}
TIMES_SLOWER_PROCESSOR = 4
INTERACTIVE = """new Promise(done => {
  const tasks = [];
  new PerformanceObserver(list => tasks.push(...list.getEntries())).observe({type: 'longtask', buffered: true});
  setTimeout(() => {
    const page = performance.getEntriesByType('navigation')[0];
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    const all = [page, ...performance.getEntriesByType('resource')];
    done({interactive: Math.max(paint.startTime, page.domContentLoadedEventEnd,
                                ...tasks.map(task => task.startTime + task.duration)) / 1000,
          bytes: all.reduce((sum, each) => sum + each.transferSize, 0)});
  }, 300);
})"""

HEAD = """# The questionnaire as measured

Written by `pytest tests/benchmarks/test_questionnaire.py`; do not edit. uvicorn with one process and PostgreSQL with fsync,
full_page_writes and synchronous_commit on, on one machine with the crowd that calls them. *Cores* are the processor seconds
of web process and PostgreSQL together; the crowd's own are not counted. Processor seconds hardly depend on what else the
machine does; times do, and the load is said.

| | Measured | Bar | Holds |
| --- | --- | --- | --- |
"""


class Measured(list[str]):
    """Lines of the page."""

    def add(self, what: str, value: str, bar: str, *, holds: bool) -> None:
        """Write down one figure, whether it meets its bar or not."""
        self.append(f"| {what} | {value} | {bar} | {'yes' if holds else '**no**'} |")


LINES = 6


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    lines = Measured()
    load = os.getloadavg()[0]
    yield lines
    if len(lines) == LINES:
        foot = f"\n{os.cpu_count()} processors, load {load:.0f} before and {os.getloadavg()[0]:.0f} after.\n"
        PAGE.write_text(HEAD + "\n".join(lines) + "\n" + foot, encoding="utf-8")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with own_world() as made:
        inside_the_round()
        yield made


@pytest.fixture(scope="module")
def web(world: World) -> Iterator[WebProcess]:
    process = WebProcess(world.folder / "web")
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def visitors(world: World) -> list[Visitor]:
    return lay_forms(ROUND, CITIZENS + 100)


def processor_seconds(pid: int) -> float:
    """Of a process, its living children and those that have ended, user and system."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == pid:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == pid:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def test_the_answer_path_serves_its_requests_per_core(
    world: World, web: WebProcess, visitors: list[Visitor], measured: Measured
) -> None:
    postmaster = int((world.cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    ledger = world.folder / "crowd.tsv"
    crowd = Crowd(web.port, ledger)
    crowd.visit(visitors[:50], clients=CLIENTS)  # connections, templates and plans are made
    warm = crowd.told.requests
    crowd.told.save_seconds.clear()
    before = [processor_seconds(pid) for pid in (web.pid, postmaster)]
    began = time.perf_counter()
    told = crowd.visit(visitors[50 : 50 + CITIZENS], clients=CLIENTS)
    wall = time.perf_counter() - began
    used = [processor_seconds(pid) - start for pid, start in zip((web.pid, postmaster), before, strict=True)]
    requests = told.requests - warm
    per_core = requests / sum(used)
    saves = sorted(told.save_seconds)
    p99 = saves[len(saves) * 99 // 100]
    assert judge(ROUND, ledger).lost == 0
    measured.add(
        f"requests per second and core, from link to receipt ({requests:,} requests of {CITIZENS} citizens: {used[0]:.1f} s "
        f"web, {used[1]:.1f} s PostgreSQL; {requests / wall:.0f}/s on {sum(used) / wall:.1f} cores)",
        f"{per_core:.0f}",
        f"≥ {BAR_REQUESTS}",
        holds=per_core >= BAR_REQUESTS,
    )
    measured.add(
        f"a page save, 99 % of {len(saves):,} ({CLIENTS} clients as fast as they go; median "
        f"{1000 * saves[len(saves) // 2]:.0f} ms; load {os.getloadavg()[0]:.0f})",
        f"{1000 * p99:.0f} ms",
        f"< {1000 * BAR_SAVE_SECONDS:.0f} ms",
        holds=p99 < BAR_SAVE_SECONDS,
    )
    assert per_core >= BAR_REQUESTS
    assert p99 < BAR_SAVE_SECONDS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    program = os.environ.get("BORGERPULS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium here: install Debian's package chromium, or set BORGERPULS_CHROMIUM")
    with tempfile.TemporaryDirectory() as profile, Chromium(program, Path(profile)) as browser:
        yield browser


def test_a_page_is_ready_on_a_slow_telephone(
    web: WebProcess, visitors: list[Visitor], chromium: Chromium, measured: Measured
) -> None:
    visitor = visitors[-1]
    chromium.command("Network.setCacheDisabled", cacheDisabled=True)
    chromium.command("Network.emulateNetworkConditions", **SLOW)
    chromium.command("Emulation.setCPUThrottlingRate", rate=TIMES_SLOWER_PROCESSOR)
    chromium.open(f"{web.address}/s/{visitor.token}")
    chromium.click("main button")
    found: dict[str, list[dict[str, float]]] = {}
    for name, path in (("the first page of a link", f"/s/{visitor.token}"), ("a question page", "/side/indledning")):
        for _ in range(LOOKS):
            chromium.open(web.address + path)
            found.setdefault(name, []).append(chromium.evaluate(INTERACTIVE))
    for name, looks in found.items():
        seconds = sorted(look["interactive"] for look in looks)
        measured.add(
            f"{name} is interactive, cold, at 1.6 Mbit/s, 150 ms and 1/4 processor (median of {LOOKS}; "
            f"{seconds[0]:.2f}-{seconds[-1]:.2f} s; load {os.getloadavg()[0]:.0f})",
            f"{seconds[LOOKS // 2]:.2f} s",
            f"< {BAR_INTERACTIVE_SECONDS} s",
            holds=seconds[LOOKS // 2] < BAR_INTERACTIVE_SECONDS,
        )
    assert max(sorted(look["interactive"] for look in looks)[LOOKS // 2] for looks in found.values()) < (
        BAR_INTERACTIVE_SECONDS
    )


def test_no_page_of_the_way_is_larger_than_its_bar(
    web: WebProcess, visitors: list[Visitor], chromium: Chromium, measured: Measured
) -> None:
    visitor = next(each for each in visitors[-50:] if each.background.subgroup == "kth_aktivitetsparat")
    chromium.command("Network.setCacheDisabled", cacheDisabled=True)
    sizes: dict[str, float] = {}
    chromium.open(f"{web.address}/s/{visitor.token}")
    while chromium.evaluate("location.pathname") != "/kvittering":
        sizes[chromium.evaluate("location.pathname")] = chromium.evaluate(INTERACTIVE)["bytes"]
        chromium.evaluate("document.querySelectorAll('fieldset').forEach(q => q.querySelector('input').click())")
        chromium.click("main button")
    largest = max(sizes.values())
    measured.add(
        f"bytes of the largest of {len(sizes)} pages with its style and script, over the wire, nothing compressed",
        f"{largest:,.0f}",
        f"{BAR_BYTES:,}",
        holds=largest <= BAR_BYTES,
    )
    assert len(sizes) >= 9
    assert largest <= BAR_BYTES


@pytest.mark.timeout(1200)
def test_a_million_links_and_codes_never_meet(measured: Measured) -> None:
    keys = vault()
    keys.make_round_key(ROUND)
    key = keys.round_key(ROUND)
    started = time.process_time()
    people = [uuid.UUID(int=number, version=4) for number in range(TOKENS)]
    tokens = {key.link_token(person) for person in people}
    codes = {key.typed_code(person) for person in people}
    hashes = {keys.access_hash(secret)[:8] for secret in tokens}
    met = 3 * TOKENS - len(tokens) - len(codes) - len(hashes)
    measured.add(
        f"collisions among {TOKENS:,} links, {TOKENS:,} typed codes and the first 8 bytes of the links' stored hashes "
        f"({time.process_time() - started:.0f} s)",
        f"{met}",
        "0",
        holds=met == 0,
    )
    assert len(tokens) == len(codes) == len(hashes) == TOKENS
