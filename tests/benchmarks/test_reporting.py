"""
The PDF reports: pages per CPU second, painter beside SVG fallback; 98 and the national. docs/statistics-figures/reports.md.
"""

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "reporting"))

from figure_factory import report_data

from borgerpuls.reporting.pdf import render_pdf

PAGE = Path(__file__).parents[2] / "docs" / "statistics-figures" / "reports.md"
HEAD = """# Drawing the PDF reports, as measured

Written by `pytest tests/benchmarks/test_reporting.py`; do not edit. A warm process; the figures are the reports' tests'.
Aims: the painter at least twice the SVG fallback of the same run and 25 pages/s/core; a report at most 500 KB.

"""
said: dict[str, str] = {}
"""A line per measurement of this run, in the order they were made."""


def say(name: str, line: str) -> None:
    """Write the page with everything this run has measured so far."""
    said[name] = line
    PAGE.write_text(HEAD + "\n".join(f"* {line}" for line in said.values()) + "\n", encoding="utf-8")


def drawing_line(drawing: str, page_count: int, seconds: float, kilobytes: int) -> str:
    """Return the line of one way of drawing; *seconds* of CPU time for one report."""
    return f"{drawing}: {page_count / seconds:.1f} pages per CPU second ({page_count} pages, {kilobytes} KB)"


@pytest.mark.benchmark(timer=time.process_time, group="full municipal report")
@pytest.mark.parametrize("drawing", ["painter", "svg"])
def test_a_full_municipal_report(benchmark, drawing: str) -> None:
    data = report_data("0740")
    pdf = benchmark.pedantic(render_pdf, (data, drawing), rounds=3, warmup_rounds=1)
    benchmark.extra_info["pages"] = pdf.page_count
    benchmark.extra_info["pages_per_cpu_second"] = round(pdf.page_count / benchmark.stats["min"], 1)
    benchmark.extra_info["kilobytes"] = len(pdf.content) // 1024
    say(drawing, drawing_line(drawing, pdf.page_count, benchmark.stats["min"], len(pdf.content) // 1024))
    assert pdf.page_count == pdf.section_count
    assert drawing == "svg" or len(pdf.content) < 500_000


def _render_share(codes: list[str]) -> tuple[float, int, int, int]:
    """Render some reports in a worker: CPU seconds, pages, largest file, peak memory in KB after the first report."""
    data = {code: report_data(code, names=NAMES, answers=ANSWERS) for code in codes[:1]}
    render_pdf(data[codes[0]])
    started = time.process_time()
    pages = largest = 0
    for code in codes:
        pdf = render_pdf(report_data(code, names=NAMES, answers=ANSWERS))
        pages += pdf.page_count
        largest = max(largest, len(pdf.content))
    return time.process_time() - started, pages, largest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


NAMES = {f"{number:04}": f"Kommune {number}" for number in range(1001, 1099)}
ANSWERS = dict.fromkeys(NAMES, 500)


def test_98_municipal_reports_and_the_national_on_two_workers() -> None:
    """Figures of one round are made inside the workers."""
    codes = [*NAMES, "alle"]
    started = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(_render_share, (codes[::2], codes[1::2])))
    say(
        "98 + 1",
        f"98 + 1 reports: {time.perf_counter() - started:.0f} s on two workers, "
        f"{sum(pages for _, pages, _, _ in results) / sum(seconds for seconds, _, _, _ in results):.1f} pages per CPU second, "
        f"largest {max(largest for _, _, largest, _ in results) // 1024} KB, "
        f"{max(memory for _, _, _, memory in results) // 1024} MB per worker with the figure factory",
    )
    assert max(largest for _, _, largest, _ in results) < 500_000
