"""98 municipalities and all participating on two workers, from the database to the files: docs/statistics-figures/artefacts.md."""

import os
from pathlib import Path

import pytest
from artefacts import KINDS, measure, table
from country import fill

PAGE = Path(__file__).parents[2] / "docs" / "statistics-figures" / "artefacts.md"
HEAD = """# Drawing every artefact of a whole country, as measured

Written by `pytest tests/benchmarks/test_artefacts.py`; do not edit. Two workers on two cores, each a warm process of its own that does what a
reporting task does: figures from PostgreSQL, drawing, files into the store, rows into the register. Memory is of the
whole process, Python and libraries and the database's driver included; nothing of it is shared with a parent. Airflow's
own part of a task's process is not in it.

"""
COUNT = int(os.environ.get("COUNTRY", "98"))
"""Fewer municipalities for a quick look; the page is written for all of them only."""


@pytest.fixture(scope="module")
def country(round_database: object) -> list[str]:
    return fill(COUNT)


def test_every_artefact_of_a_whole_country(country: list[str]) -> None:
    reports = measure("reports", country)
    artefacts = measure("artefacts", country)
    assert set(artefacts.seconds) == set(KINDS)
    lines = table(reports, artefacts)
    print("\n".join(lines))
    if COUNT == 98:
        load = f"Load of the machine when it ended: {os.getloadavg()[0]:.1f}."
        PAGE.write_text(HEAD + "\n".join([*lines, "", load]) + "\n", encoding="utf-8")
    assert artefacts.largest_kilobytes["pdf"] < 500
    assert artefacts.peak < 150
