"""98 municipalities and all participating, every kind, on two workers: docs/statistics-figures/artefacts.md."""

from pathlib import Path

from artefacts import KINDS, lines, measure

PAGE = Path(__file__).parents[2] / "docs" / "statistics-figures" / "artefacts.md"
HEAD = """# Drawing every artefact of a whole country, as measured

Written by `pytest tests/benchmarks`; do not edit. Aims: everything within 300 s on two cores, a report at most 500 KB.

"""


def test_every_artefact_of_a_whole_country() -> None:
    measured = measure(98)
    assert set(measured.seconds) == set(KINDS)
    assert measured.largest_kilobytes["pdf"] < 500
    PAGE.write_text(HEAD + "\n".join(lines(measured)) + "\n", encoding="utf-8")
