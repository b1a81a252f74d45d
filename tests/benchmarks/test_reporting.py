"""Pages per CPU second of the full municipal report, warm: the direct painter beside the SVG fallback, same run."""

import sys
import time
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
