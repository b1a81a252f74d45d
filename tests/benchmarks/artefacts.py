"""
Drawing a whole country on two workers: time and size per kind, memory per worker.

Each worker is a process of its own that reads figures from the database, draws and keeps the files, as a task does.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from country import ROUND

WORKERS = 2
KINDS = ("pdf", "memo_docx", "memo_pdf", "deck", "workbook")


class Measured(NamedTuple):
    """`wall` is what the busier worker took, `processor` the sum, in seconds; memory is the larger worker's, in MB."""

    count: int
    wall: float
    processor: float
    pages: int
    seconds: dict[str, float]
    """CPU seconds of one municipality by kind; what is missing to `processor` is reading and keeping."""
    kilobytes: dict[str, float]
    largest_kilobytes: dict[str, float]
    peak: float
    shared_in_part: float


def measure(what: str, codes: Sequence[str]) -> Measured:
    """Return what drawing the "reports" or all "artefacts" of *codes* takes."""
    program = str(Path(__file__).with_name("drawing_worker.py"))
    workers = [
        subprocess.Popen(
            [sys.executable, program, ROUND, what, *codes[place::WORKERS]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for place in range(WORKERS)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    lines: list[list[dict[str, Any]]] = [
        [json.loads(line) for line in worker.communicate()[0].splitlines()] for worker in workers
    ]
    assert all(worker.returncode == 0 for worker in workers)
    seconds, sizes = defaultdict(list), defaultdict(list)
    for line in (line for of_worker in lines for line in of_worker):
        for kind, spent in line["kinds"].items():
            seconds[kind].append(spent["seconds"])
            sizes[kind].append(spent["bytes"] / 1024)
    last = [of_worker[-1] for of_worker in lines]
    return Measured(
        count=len(codes),
        wall=max(line["elapsed"] for line in last),
        processor=sum(line["processor"] for line in last),
        pages=sum(int(line["kinds"]["pdf"]["pages"]) for of_worker in lines for line in of_worker),
        seconds={kind: sum(values) / len(values) for kind, values in seconds.items()},
        kilobytes={kind: sum(values) / len(values) for kind, values in sizes.items()},
        largest_kilobytes={kind: max(values) for kind, values in sizes.items()},
        peak=max(line["VmHWM"] for line in last),
        shared_in_part=max(line["Pss"] for line in last),
    )


def table(reports: Measured, artefacts: Measured) -> list[str]:
    """Return the page's tables."""
    rows = ["| kind | CPU seconds each | KB each | KB, largest |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {kind} | {artefacts.seconds[kind]:.2f} | {artefacts.kilobytes[kind]:.0f} | {artefacts.largest_kilobytes[kind]:.0f} |"
        for kind in KINDS
    ]
    rows += [
        "",
        f"| {artefacts.count - 1} municipalities and all participating, {WORKERS} workers | the PDF reports | everything |",
        "| --- | --- | --- |",
        f"| wall, seconds (aim 100 and 300) | {reports.wall:.0f} | {artefacts.wall:.0f} |",
        f"| processor time of both workers, seconds | {reports.processor:.0f} | {artefacts.processor:.0f} |",
        f"| … per core: what a quiet machine takes | {reports.processor / WORKERS:.0f} | {artefacts.processor / WORKERS:.0f} |",
        f"| … of both, reading figures, keeping files, registering | {_rest(reports):.0f} | {_rest(artefacts):.0f} |",
        f"| pages of reports per CPU second | {_speed(reports):.0f} | {_speed(artefacts):.0f} |",
        f"| MB per worker: largest resident ever (aim 150) | {reports.peak:.0f} | {artefacts.peak:.0f} |",
        f"| MB per worker: proportional share (PSS) at the end | {reports.shared_in_part:.0f} | {artefacts.shared_in_part:.0f} |",
    ]
    return rows


def _rest(measured: Measured) -> float:
    return measured.processor - measured.count * sum(measured.seconds.values())


def _speed(measured: Measured) -> float:
    return measured.pages / (measured.count * measured.seconds["pdf"])
