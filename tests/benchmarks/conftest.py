"""
Benchmarks run only when they are asked for: `pytest tests/benchmarks`.

One thread each for BLAS and Polars, process CPU time, and the figures go to docs/statistics-figures/benchmarks.md when
every benchmark ran and passed.
"""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"):
    os.environ[threads] = "1"  # before NumPy and Polars are imported, which the tests do

FOLDER = Path(__file__).parent
FIGURES = FOLDER.parents[1] / "docs" / "statistics-figures" / "benchmarks.md"

HEAD = """# Speed and memory of the statistics engine, as measured

Written by `pytest tests/benchmarks`; do not edit. Twenty items × (all + 5 partitions) × (municipalities + all): shares,
top 2, means, their standard errors and intervals. Process CPU time (user + system), smallest of the rounds, one thread;
reading and writing files not counted. Data are made by `tests/benchmarks/surveys.py`.

"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not any("benchmarks" in argument for argument in config.args):
        kept = [item for item in items if FOLDER not in item.path.parents]
        config.hook.pytest_deselected(items=[item for item in items if FOLDER in item.path.parents])
        items[:] = kept


class Figures(dict[str, float]):
    """Measured figures by name: seconds, megabytes."""

    def lines(self) -> list[str]:
        rows = [
            ("bare bincount pass (floor)", "bincount"),
            ("estimates only (`estimate_items`)", "estimates"),
            ("all: cells, weights, estimates, comparisons (`estimate_survey`)", "survey"),
            ("svy " + version("svy") + ", means and shares, the same results", "svy"),
            ("draw of the sample (`draw_sample`, frame hash included)", "sample"),
        ]
        lines = ["| | pilot, 9,987 answers | national, 69,920 answers | bar, national |", "| --- | --- | --- | --- |"]
        bars = {"survey": "0.5 s (pilot 0.1 s)", "sample": "0.2 s"}
        for text, name in rows:
            cells = [self._seconds(f"{size} {name}") for size in ("pilot", "national")]
            lines.append(f"| {text} | {cells[0]} | {cells[1]} | {bars.get(name, '')} |")
        peak = [f"{self[f'{size} peak']:.0f} MB" for size in ("pilot", "national")]
        start = [f"{self[f'{size} data']:.0f} MB" for size in ("pilot", "national")]
        lines.append(f"| peak memory of the process | {peak[0]} | {peak[1]} | 400 MB |")
        lines.append(f"| … of which Python, libraries and the data | {start[0]} | {start[1]} | |")
        return lines

    def ratios(self) -> list[str]:
        floor, ours, theirs = (self[f"pilot {name}"] for name in ("bincount", "estimates", "svy"))
        return [
            (
                f"* Pilot, the same results in the same run: svy takes {theirs / ours:.0f} times as long as the estimates "
                f"here, and these {ours / floor:.0f} times as long as one bare bincount pass."
            ),
            (
                f"* National: the estimates take {self['national estimates'] / self['national bincount']:.0f} times as long "
                "as one bare bincount pass; svy is not run at this size."
            ),
        ]

    def _seconds(self, name: str) -> str:
        return f"{self[name]:.3f} s" if name in self else "–"


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    measured = Figures()
    yield measured
    if not request.session.testsfailed and len(measured) == EXPECTED:
        FIGURES.parent.mkdir(parents=True, exist_ok=True)
        machine = f"Python {platform.python_version()}, NumPy {version('numpy')}, pandas {version('pandas')}"
        text = HEAD + "\n".join(
            [*measured.lines(), "", *measured.ratios(), "", machine + f", {platform.machine()}.", ""]
        )
        FIGURES.write_text(text, encoding="utf-8")


EXPECTED = 13
"""Figures of a full run: three timings and two of memory per size, two draws, and svy."""
