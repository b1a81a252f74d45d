"""Pages per CPU second of the full municipal report, warm: the direct painter beside the SVG fallback, same run."""

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


@pytest.mark.benchmark(timer=time.process_time, group="full municipal report")
@pytest.mark.parametrize("drawing", ["painter", "svg"])
def test_a_full_municipal_report(benchmark, drawing: str) -> None:
    data = report_data("0740")
    pdf = benchmark.pedantic(render_pdf, (data, drawing), rounds=5, warmup_rounds=1)
    benchmark.extra_info["pages"] = pdf.page_count
    benchmark.extra_info["pages_per_cpu_second"] = round(pdf.page_count / benchmark.stats["min"], 1)
    benchmark.extra_info["kilobytes"] = len(pdf.content) // 1024
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
    """Prints what docs/decisions/0013 and the release notes quote; figures of one round are made inside the workers."""
    codes = [*NAMES, "alle"]
    started = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(_render_share, (codes[::2], codes[1::2])))
    print(
        f"\n98 + 1 reports: {time.perf_counter() - started:.0f} s on two workers, "
        f"{sum(pages for _, pages, _, _ in results) / sum(seconds for seconds, _, _, _ in results):.1f} pages per CPU second, "
        f"largest {max(largest for _, _, largest, _ in results) // 1024} KB, "
        f"{max(memory for _, _, _, memory in results) // 1024} MB per worker with the figure factory"
    )
    assert max(largest for _, _, largest, _ in results) < 500_000
