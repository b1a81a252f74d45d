"""
From the frozen answers of 98 municipalities to protected figures, through the real stage: time, rows, memory.

Writes docs/figures/speed.md. The floor in the same run is reading the answers from the database: what no method can avoid.
"""

import os
import resource
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "estimation"))

import pytest
from stored_round import store_round

from borgerpuls.database import read_table, transaction
from borgerpuls.estimation import stage
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.sandbox.whole_round import make_round
from borgerpuls.settings import settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "figures" / "speed.md"
ROUND = "2023-2"
STEPS = (stage.estimate_figures, stage.check_figures, stage.attack_figures, stage.raise_alarms)
PROCESSES = 2


def _read_answers() -> int:
    with transaction("estimation") as connection:
        return len(read_table(connection, "estimation/answers.sql", round_id=ROUND))


def _used() -> tuple[float, float]:
    """Processor time of this process and of its workers that have ended, and the time of day, in seconds."""
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime, time.monotonic()


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.timeout(3600)
def test_from_snapshot_to_figures(round_database: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORGERPULS_ATTACK_PROCESSES", str(PROCESSES))
    settings.cache_clear()
    store_round(make_round(1, "all"))
    before = _megabytes()
    start = _used()[0]
    rows = _read_answers()
    floor = _used()[0] - start
    lines, total, found = [], [0.0, 0.0], {}
    for step in STEPS:
        start = _used()
        found |= step(ROUND)
        spent = [after - at for after, at in zip(_used(), start, strict=True)]
        total = [one + more for one, more in zip(total, spent, strict=True)]
        lines.append(f"| `{step.__name__}` | {spent[0]:.1f} s | {spent[1]:.1f} s | {spent[0] / floor:.1f} |")
    text = f"""# From snapshot to figures: what it takes

Written by `make bench` (`tests/benchmarks/test_figure_speed.py`); do not edit. A simulated round of 98 municipalities in
the embedded PostgreSQL; disclosure control in {PROCESSES} processes, one thread each. Processor time is that of the pipeline's processes; the
database's own is not in it. Elapsed is on {len(os.sched_getaffinity(0))} cores with a load of {os.getloadavg()[2]:.1f} over the last quarter of an hour. The floor
is reading the {rows:,} answers in the same run: {floor:.1f} s.

| Step | processor time | elapsed | times the floor |
| --- | --- | --- | --- |
{chr(10).join(lines)}
| together | {total[0]:.1f} s | {total[1]:.1f} s | {total[0] / floor:.1f} |

{found["figures"]:,} figures, of them {found["suppressed"]:,} withheld in {found["withheld_cells"]:,} cells; {found["trend_points"]:,} points of
trends. Largest memory of the first process: {_megabytes():.0f} MB, {before:.0f} MB of it for making the round.
"""
    PAGE.write_text(text, encoding="utf-8")
    assert found["figures"] > found["suppressed"] > 0
