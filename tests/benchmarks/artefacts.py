"""
Every artefact of a whole country: time per kind, size per kind, memory per worker (also run as a program: COUNT).

Figures are those of the reports' tests. Two workers, as on two cores; each is warm before it is measured.
"""

import multiprocessing
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1] / "reporting"))

from figure_factory import report_data

from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.reporting.deck import render_deck
from borgerpuls.reporting.memo import Participation, compose_memo
from borgerpuls.reporting.memo_docx import memo_docx
from borgerpuls.reporting.memo_pdf import memo_pdf
from borgerpuls.reporting.packages import round_time
from borgerpuls.reporting.pdf import render_pdf
from borgerpuls.reporting.report_data import ReportData
from borgerpuls.reporting.workbook import render_workbook
from borgerpuls.terms import ALL_PARTICIPATING, ArtefactKind

KINDS = {
    ArtefactKind.PDF: lambda data: render_pdf(data).content,
    ArtefactKind.MEMO_DOCX: lambda data: memo_docx(_memo(data), round_time(data.facts.close_date)),
    ArtefactKind.MEMO_PDF: lambda data: memo_pdf(_memo(data), round_time(data.facts.close_date)).content,
    ArtefactKind.DECK: render_deck,
    ArtefactKind.WORKBOOK: render_workbook,
}
WORKERS = 2


class Drawn(NamedTuple):
    """One municipality: CPU seconds and bytes by kind, seconds in all, who drew it and its peak memory so far, MB."""

    elapsed: float
    worker: int
    seconds: dict[str, float]
    sizes: dict[str, int]
    peak: float


class Measured(NamedTuple):
    """All of them. `wall` is what the busier worker took, `processor` the sum, in seconds; the others by kind, of one municipality."""

    count: int
    wall: float
    processor: float
    seconds: dict[str, float]
    kilobytes: dict[str, float]
    largest_kilobytes: dict[str, float]
    peak: float


def measure(count: int) -> Measured:
    """Return what *count* municipalities and all participating cost; figures are made before the clock starts."""
    chosen = municipalities().head(count)
    names = dict(zip(chosen["municipality_code"], chosen["name"], strict=True))
    answers = {code: 300 + 17 * (place % 60) for place, code in enumerate(names)}
    report_data(ALL_PARTICIPATING, answers=answers, names=names)  # made once, inherited by the workers
    jobs = [(code, answers, names) for code in (ALL_PARTICIPATING, *names)]
    with multiprocessing.get_context("fork").Pool(WORKERS, initializer=_warm) as pool:
        pool.map(_idle, range(WORKERS * 4))
        drawn = pool.map(_draw, jobs, chunksize=1)
    busy: dict[int, float] = defaultdict(float)
    for one in drawn:
        busy[one.worker] += one.elapsed
    seconds, sizes = defaultdict(list), defaultdict(list)
    for one in drawn:
        for kind in one.seconds:
            seconds[kind].append(one.seconds[kind])
            sizes[kind].append(one.sizes[kind] / 1024)
    return Measured(
        count, max(busy.values()), sum(map(sum, seconds.values())),
        {kind: sum(values) / len(values) for kind, values in seconds.items()},
        {kind: sum(values) / len(values) for kind, values in sizes.items()},
        {kind: max(values) for kind, values in sizes.items()},
        max(one.peak for one in drawn),
    )  # fmt: skip


def lines(measured: Measured) -> list[str]:
    """Return the page's table."""
    rows = ["| kind | CPU seconds each | KB each | KB, largest |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {kind} | {measured.seconds[kind]:.2f} | {measured.kilobytes[kind]:.0f} | {measured.largest_kilobytes[kind]:.0f} |"
        for kind in KINDS
    ]
    rows += [
        "",
        (
            f"{measured.count} municipalities and all participating, {WORKERS} workers: {measured.wall:.0f} s wall, "
            f"{measured.processor:.0f} s of processor time, {measured.peak:.0f} MB at most in a worker (figures of all "
            "municipalities included)."
        ),
    ]
    return rows


def _memo(data: ReportData):
    return compose_memo(data, Participation(1, 0))


def _warm() -> None:
    data = report_data()
    for render in KINDS.values():
        render(data)


def _idle(_: int) -> None:
    time.sleep(0.05)


def _draw(job: tuple[str, dict[str, int], dict[str, str]]) -> Drawn:
    code, answers, names = job
    data = report_data(code, answers=answers, names=names)
    seconds, sizes = {}, {}
    started = time.perf_counter()
    for kind, render in KINDS.items():
        before = time.process_time()
        sizes[kind] = len(render(data))
        seconds[kind] = time.process_time() - before
    elapsed = time.perf_counter() - started
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    return Drawn(elapsed, os.getpid(), seconds, sizes, peak)


if __name__ == "__main__":
    print("\n".join(lines(measure(int(sys.argv[1])))))
