"""
The attack on plain counts of people: who is in the population, was sampled, and responded, in every domain.

How many responded in a withheld group is told by more than the groups and their whole. Whoever is not asked an item is
counted there: where a target group is asked nothing, all its respondents are among those. And where no weighting cells
were merged, the weights of a group's respondents sum to the group's population.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from borgerpuls.estimation.derived import Derived, sums_of
from borgerpuls.estimation.feasible import EPSILON, Knowledge, is_narrow
from borgerpuls.estimation.printed import Key

Range = tuple[float, float]
OPEN: Range = (0.0, np.inf)


@dataclass(frozen=True)
class NotAsked:
    """Of one item: how many respondents of each cell were not asked it (None where withheld), and who never was."""

    counts: Mapping[Key, float | None]
    nobody: frozenset[Key]
    """Domains that the item is split by, in which nobody was asked."""


def attack_counts(
    item: str,
    known: Mapping[Key, float | None],
    within: Mapping[Key, Range],
    residual: Mapping[str, float] | None,
    not_asked: tuple[NotAsked, ...],
    room: float,
    *,
    is_quick: bool = False,
) -> tuple[list[Derived], dict[Key, Range]]:
    """
    Attack the counts of people of each domain.

    Args:
        item: What they count: `population`, `sampled` or `response`.
        known: The counts that are shown, None where one is withheld.
        within: Fewest and most of withheld counts, where something else says so.
        residual: As `sums_of`.
        not_asked: Items that some respondents were not asked.
        room: Steps that must be left.
        is_quick: As `Knowledge.ranges`.

    Returns:
        What is derived, and the range of every count.
    """
    knowledge = Knowledge()
    hidden = {key: knowledge.unknown(*within.get(key, OPEN)) for key, count in known.items() if count is None}
    ranges = {key: (count, count) for key, count in known.items() if count is not None}
    for one in sums_of(known, None):
        parts = [hidden[key] for key in one.parts if key in hidden]
        if not parts and one.whole not in hidden:
            continue
        shown = sum(known[key] or 0.0 for key in one.parts)
        whole = [hidden[one.whole]] if one.whole in hidden else []
        total = -shown if whole else (known[one.whole] or 0.0) - shown
        knowledge.know([*parts, *whole], [1.0] * len(parts) + [-1.0] * len(whole), total - one.rest, total)
    for counts in not_asked if hidden else ():
        _know_not_asked(knowledge, counts, known, hidden, residual)
    knowledge.bound(max((count for count in known.values() if count is not None), default=0.0))
    keys = list(hidden)
    least, most = knowledge.ranges([hidden[key] for key in keys], room, is_quick=is_quick)
    narrow = is_narrow(least, most, room)
    # That there is nobody may be known: it is never what a count is withheld for.
    found = [
        Derived(key[0], item, key[1], key[2], "n", round(float(low)), round(float(high)))
        for key, low, high, is_close in zip(keys, least, most, narrow, strict=True)
        if is_close and high > 0.5
    ]
    # The ends that were only seen are no bounds: what is not narrow stays open.
    for key, low, high, is_close in zip(keys, least, most, narrow, strict=True):
        ranges[key] = (float(low), float(high)) if is_close else within.get(key, OPEN)
    return found, ranges


def _know_not_asked(
    knowledge: Knowledge,
    one: NotAsked,
    known: Mapping[Key, float | None],
    hidden: Mapping[Key, int],
    residual: Mapping[str, float] | None,
) -> None:
    """Add that those who were not asked an item add up, as far as it tells of withheld respondents."""
    own: dict[Key, int] = {}

    def term(key: Key) -> tuple[int | None, float]:
        """Return the unknown, or the count."""
        if key in one.nobody:
            return hidden.get(key), known[key] or 0.0
        count = one.counts[key]
        if count is not None:
            return None, count
        if key not in own:
            responded = known.get(key)
            own[key] = knowledge.unknown(0.0, np.inf if responded is None else responded)
            if key in hidden:
                knowledge.know([own[key], hidden[key]], [1.0, -1.0], -np.inf, 0.0)
        return own[key], 0.0

    touched = {key for key in hidden if key in one.nobody}
    if not touched:
        return
    for sum_ in sums_of([*one.counts, *one.nobody], residual):
        columns, signs, shown = [], [], 0.0
        for key, sign in [*((key, 1.0) for key in sum_.parts), (sum_.whole, -1.0)]:
            column, count = term(key)
            shown += sign * count
            if column is not None:
                columns.append(column)
                signs.append(sign)
        if columns:
            knowledge.know(columns, signs, -shown - sum_.rest - EPSILON, -shown + EPSILON)
