"""
The figure table as a typed, indexed set: what a report may say, and nothing else.

A figure that is suppressed has no number, only the reason; a figure that is missing was never computed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from sys import intern
from typing import Any, NamedTuple

from borgerpuls.terms import ALL_PARTICIPATING

SCALE_CODES = ("5", "4", "3", "2", "1")
"""Answers of a scale item, most positive first: the order of every table and bar."""

DOMAINS = ("target_group", "duration", "status", "sex", "age_group")
"""Divisions of the population, in the order they are printed."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number, or the fact that it is withheld. Scores 1 to 5, shares and rates 0 to 1."""

    figure_id: str
    municipality_code: str
    item_id: str
    measure: str
    category: str
    domain: str
    domain_group: str
    valid_n: float | None
    dont_know_n: float | None
    not_asked_n: float | None
    broken_off_n: float | None
    weighted_base: float | None
    value: float | None
    lower: float | None
    upper: float | None
    no_interval_reason: str | None
    difference_to_all: float | None
    difference_to_rest: float | None
    is_different_from_rest: bool
    is_uncertain: bool
    is_suppressed: bool
    suppression_reason: str | None
    difference_to_previous: float | None = None
    is_different_from_previous: bool = False

    @property
    def is_better_than_rest(self) -> bool:
        """Whether the score is significantly above the other municipalities'."""
        return self.is_different_from_rest and (self.difference_to_rest or 0.0) > 0

    @property
    def is_worse_than_rest(self) -> bool:
        """Whether the score is significantly below the other municipalities'."""
        return self.is_different_from_rest and (self.difference_to_rest or 0.0) < 0


class TrendPoint(NamedTuple):
    """One number in one period, of us or of others before us; the report's own round is the last."""

    round_id: str
    municipality_code: str
    item_id: str
    measure: str
    domain: str
    domain_group: str
    period: str
    period_name: str
    kind: str
    source: str
    source_title: str
    value: float | None
    is_break_before: bool
    break_reason: str | None

    @property
    def figure_id(self) -> str:
        """Return what a report cites the point as."""
        return "|".join(("trend", *self[:7], self.kind, self.source))


class Alarm(NamedTuple):
    """A score that has fallen more since the period before than chance explains (`estimation.alarm`)."""

    item_id: str
    measure: str
    previous_period: str


class Notice(NamedTuple):
    """Why something a reader could expect is not shown, as a sentence."""

    item_id: str
    domain: str
    code: str
    sentence: str


class MergedCell(NamedTuple):
    """A weighting cell that was made of several, in words."""

    municipality_code: str
    description: str
    merged_n: int


_Key = tuple[str, str, str, str, str, str]

COUNTS = ("valid_n", "dont_know_n", "not_asked_n", "broken_off_n")
NUMBERS = ("weighted_base", "value", "lower", "upper", "difference_to_all", "difference_to_rest",
            "difference_to_previous")  # fmt: skip


class FigureSet:
    """The figures of one round that a report reads, found by what they are about."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._by_key: dict[_Key, Figure] = {}
        self._by_item: dict[tuple[str, str, str], list[Figure]] = {}
        for figure in figures:
            key = (
                *(figure.municipality_code, figure.item_id, figure.measure),
                *(figure.category, figure.domain, figure.domain_group),
            )
            self._by_key[key] = figure
            self._by_item.setdefault((figure.item_id, figure.measure, figure.domain), []).append(figure)

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._by_key.values())

    def find(
        self,
        municipality_code: str,
        item_id: str,
        measure: str,
        *,
        category: str = "",
        domain: str = "all",
        group: str = "",
    ) -> Figure | None:
        """Return one figure, suppressed or not, or None where there is none."""
        return self._by_key.get((municipality_code, item_id, measure, category, domain, group))

    def value(
        self,
        municipality_code: str,
        item_id: str,
        measure: str,
        *,
        category: str = "",
        domain: str = "all",
        group: str = "",
    ) -> float | None:
        """Return the number of one figure, or None where it is missing or suppressed."""
        figure = self.find(municipality_code, item_id, measure, category=category, domain=domain, group=group)
        return None if figure is None else figure.value

    def over_municipalities(self, item_id: str, measure: str) -> list[Figure]:
        """Return the shown figures of each single municipality, lowest value first, ties by code."""
        shown = [
            figure
            for figure in self._by_item.get((item_id, measure, "all"), [])
            if figure.municipality_code != ALL_PARTICIPATING and figure.value is not None and not figure.category
        ]
        return sorted(shown, key=lambda figure: (figure.value or 0.0, figure.municipality_code))

    def groups(self, municipality_code: str, item_id: str, measure: str, domain: str) -> list[Figure]:
        """Return the figures of every group of a domain for one municipality, in the order of the table."""
        return [
            figure
            for figure in self._by_item.get((item_id, measure, domain), [])
            if figure.municipality_code == municipality_code
        ]


def figure_set(rows: Iterable[Any]) -> FigureSet:
    """
    Return the rows of `estimation.figure` as an indexed set.

    Args:
        rows: With attributes named as the table's columns; NULL is None.
    """
    values_of = attrgetter(*(field.name for field in fields(Figure)))
    return FigureSet(Figure(*map(_shared, values_of(row))) for row in rows)


def _shared(value: Any) -> Any:
    """Return a text as one object for all figures that have it: a report has ten thousand, of few words."""
    return intern(value) if isinstance(value, str) else value
