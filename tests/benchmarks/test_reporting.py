"""
One PDF report: pages per CPU second, the painter beside the SVG fallback. docs/statistics-figures/reports.md.
"""

import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "reporting"))

from figure_factory import report_data

from borgerpuls.reporting.pdf import render_pdf

PAGE = Path(__file__).parents[2] / "docs" / "statistics-figures" / "reports.md"
HEAD = """# Drawing the PDF reports, as measured

Written by `pytest tests/benchmarks/test_reporting.py`; do not edit. One full municipal report in a warm process, the best of three;
the figures are the reports' tests'. Aims: the painter at least twice the SVG fallback of the same run and 25 pages/s/core; a
report at most 500 KB. A whole country, and memory: [artefacts.md](artefacts.md). A round's stages: [a-round.md](a-round.md).

| drawn by | pages per CPU second | pages | KB |
| --- | --- | --- | --- |
"""
measured: dict[str, tuple[float, int, int]] = {}
"""Pages per CPU second, pages and KB of each way of drawing, in the order they were measured."""


@pytest.mark.benchmark(timer=time.process_time, group="full municipal report")
@pytest.mark.parametrize("drawing", ["painter", "svg"])
def test_a_full_municipal_report(benchmark, drawing: str) -> None:
    data = report_data("0740", earlier_rounds=("2022-1", "2022-2", "2023-1"))
    pdf = benchmark.pedantic(render_pdf, (data, drawing), rounds=3, warmup_rounds=1)
    measured[drawing] = (pdf.page_count / benchmark.stats["min"], pdf.page_count, len(pdf.content) // 1024)
    benchmark.extra_info["pages_per_cpu_second"] = round(measured[drawing][0], 1)
    assert pdf.page_count == pdf.section_count
    assert drawing == "svg" or len(pdf.content) < 500_000


def test_the_painter_is_at_least_twice_as_fast_as_the_fallback() -> None:
    ratio = measured["painter"][0] / measured["svg"][0]
    lines = [f"| {name} | {speed:.1f} | {pages} | {size} |" for name, (speed, pages, size) in measured.items()]
    lines += ["", f"The painter is {ratio:.1f} times as fast.", ""]
    PAGE.write_text(HEAD + "\n".join(lines), encoding="utf-8")
    assert ratio >= 2
