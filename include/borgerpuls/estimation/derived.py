"""
What the attacker's programmes share: how cells add up, and what they report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from borgerpuls.estimation.disclosure import CURRENT, DURATION, STATUS, WHOLE
from borgerpuls.estimation.printed import Key
from borgerpuls.terms import ALL_PARTICIPATING

Cell = tuple[str, str, str, str]
"""Municipality, item, domain and group."""


class Derived(NamedTuple):
    """A withheld count that can be worked out: its cell, what it counts and the range that is left."""

    municipality_code: str
    item_id: str
    domain: str
    domain_group: str
    what: str
    least: int
    most: int


@dataclass(frozen=True)
class Sum:
    """Cells that add up to another; `whole` is its key, `parts` are the keys of the others."""

    whole: Key
    parts: tuple[Key, ...]
    rest: float
    """Most respondents that are in the whole and in none of the parts."""


def sums_of(cells: Iterable[Key], residual: Mapping[str, float] | None) -> list[Sum]:
    """
    Return every way in which cells add up, leaving out those that have neither whole nor parts.

    Args:
        cells: Of one item.
        residual: Most respondents of each municipality who gave no status; default any number.
    """
    known = set(cells)
    groups: dict[tuple[str, str], list[Key]] = {}
    places: dict[tuple[str, str], list[Key]] = {}
    for key in cells:
        place, domain, group = key
        if domain != WHOLE:
            groups.setdefault((place, domain), []).append(key)
        if place != ALL_PARTICIPATING:
            places.setdefault((domain, group), []).append(key)
    sums = []
    for (place, domain), parts in groups.items():
        whole = (place, STATUS, CURRENT) if domain == DURATION else (place, WHOLE, "")
        rest = 0.0
        if domain in (STATUS, DURATION):
            rest = np.inf if residual is None else residual.get(place, np.inf)
        if whole in known:
            sums.append(Sum(whole, tuple(parts), rest))
    for (domain, group), parts in places.items():
        if (ALL_PARTICIPATING, domain, group) in known:
            sums.append(Sum((ALL_PARTICIPATING, domain, group), tuple(parts), 0.0))
    return sums
