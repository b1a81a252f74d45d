"""
The attack on a theme: a category and its items, or an item alone, as one linear programme.

For every withheld cell the respondents behind it are unknown: valid, don't know, not asked, broken off, and one per answer
with its weighted total. What ties them: the cell's own arithmetic, groups and their whole, municipalities and all, the
printed difference from the rest, the category that is a mean of its items, options that exclude each other, and items
that are asked of those who chose one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from borgerpuls.estimation.choices import NO_CHOICES, Choices
from borgerpuls.estimation.derived import Cell, Derived, Sum, sums_of
from borgerpuls.estimation.feasible import EPSILON, Knowledge, is_narrow
from borgerpuls.estimation.figures import COUNTS
from borgerpuls.estimation.printed import (
    BASE,
    BROKEN_OFF,
    DONT_KNOW,
    HIGHEST,
    LOWEST,
    NOT_ASKED,
    SCORE,
    VALID,
    Key,
    Printed,
    largest_count,
    printed_cells,
)
from borgerpuls.terms import ALL_PARTICIPATING

T = TypeVar("T")

LEAST_VALID_SHARE = 0.5
"""A person has a category score when at least this share of the items asked is valid, in every codebook so far."""


@dataclass(frozen=True)
class _Member:
    """One item of a theme, or its category: what is printed, and the first unknown of each withheld cell."""

    printed: Printed
    first: Mapping[int, int]
    """Row of a withheld cell: the number of its first unknown; the others follow in the order of the quantities."""

    def term(self, key: Key, quantity: int) -> tuple[int | None, float, float]:
        """Return the unknown of a quantity, or its ends where it is printed; nothing where the cell does not exist."""
        row = self.printed.row_of.get(key)
        if row is None:
            return None, 0.0, 0.0
        if row in self.first:
            return self.first[row] + quantity, 0.0, 0.0
        return None, float(self.printed.low[row, quantity]), float(self.printed.high[row, quantity])


class _Row:
    """A linear expression of unknowns and printed intervals, on its way into the knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.columns: list[int] = []
        self.coefficients: list[float] = []
        self.low = self.high = 0.0

    def add(self, term: tuple[int | None, float, float] | int, coefficient: float) -> "_Row":
        """Add coefficient · term."""
        column, low, high = (term, 0.0, 0.0) if isinstance(term, int) else term
        if column is None:
            ends = coefficient * low, coefficient * high
            self.low, self.high = self.low + min(ends), self.high + max(ends)
        else:
            self.columns.append(column)
            self.coefficients.append(coefficient)
        return self

    def within(self, low: float, high: float) -> None:
        """Know that low <= expression <= high; says nothing where every term is printed."""
        if self.columns:
            self.knowledge.know(self.columns, self.coefficients, low - self.high - EPSILON, high - self.low + EPSILON)


def could_have_been_asked(rows: pd.DataFrame, respondents: Mapping[Key, T]) -> dict[Key, T]:
    """
    Return who responded where the item could have a figure, by its domains; where it has none, nobody was asked.

    Domains that only other items are split by say nothing of this one, and an item of one municipality nothing of the
    others.

    Args:
        rows: Figures of one item.
        respondents: What is known of the respondents of each domain.
    """
    places, domains = set(rows["municipality_code"]), set(rows["domain"])
    return {
        key: known
        for key, known in respondents.items()
        if key[1] in domains and (key[0] in places or ALL_PARTICIPATING in places)
    }


@dataclass(frozen=True)
class ThemeAttack:
    """
    What is known about all items of the round.

    Attributes:
        weights: Smallest and largest weight by municipality.
        respondents: Fewest and most respondents of every domain.
        residual: Most respondents of each municipality who gave no status.
        means: Least and largest mean of withheld cells that something else gives away.
        sensitive: Cells that are withheld for their own sake; default all.
        room: Steps that must be left.
        choices: Ties between options, and between multi-select items and those after them.
        is_quick: As `Knowledge.ranges`.
    """

    weights: Mapping[str, tuple[float, float]]
    respondents: Mapping[Key, tuple[float, float]]
    residual: Mapping[str, float]
    means: Mapping[Cell, tuple[float, float]]
    sensitive: Collection[Cell] | None
    room: float
    choices: Choices = NO_CHOICES
    is_quick: bool = False

    def theme(self, category: str, rows_of: Mapping[str, pd.DataFrame]) -> list[Derived]:
        """
        Attack a category, its items, and the multi-select item that leads to one of them, together.

        Args:
            category: Its code; empty where the items are of none.
            rows_of: Published figures of each of them.

        Returns:
            What is derived.
        """
        knowledge = Knowledge()
        members: dict[str, _Member] = {}
        for name, rows in rows_of.items():
            alone = self.choices.alone.get(name, ())
            printed = printed_cells(rows, self.weights, could_have_been_asked(rows, self.respondents), alone)
            first = {int(row): knowledge.unknowns(printed.size) for row in np.flatnonzero(printed.is_hidden)}
            members[name] = _Member(printed, first)
            for row, column in first.items():
                self._know_cell(knowledge, name, printed, printed.keys[row], column)
            for one in sums_of(printed.keys, self.residual):
                self._know_sum(knowledge, one, members[name])
            _know_rest(knowledge, members[name])
        before = set(self.choices.after.values())
        for name, member in members.items():
            if self.choices.after.get(name) in members:
                _know_asked_after(knowledge, members[self.choices.after[name]], member)
        if category in members:
            items = [member for name, member in members.items() if name != category and name not in before]
            touched = dict.fromkeys(member.printed.keys[row] for member in members.values() for row in member.first)
            for key in touched if items else ():
                self._know_category(knowledge, key, members[category], items)
        knowledge.bound(max((largest_count(member.printed) for member in members.values()), default=0.0))
        return self._derived(knowledge, members)

    def _derived(self, knowledge: Knowledge, members: Mapping[str, _Member]) -> list[Derived]:
        targets = []
        for name, member in members.items():
            for row, column in member.first.items():
                place, domain, group = member.printed.keys[row]
                targets.append(((place, name, domain, group), COUNTS[VALID], column + VALID))
                if self.sensitive is None or (place, name, domain, group) in self.sensitive:
                    targets.append(((place, name, domain, group), COUNTS[DONT_KNOW], column + DONT_KNOW))
                    targets += [
                        ((place, name, domain, group), f"answer {answer}", column + member.printed.count_of(number))
                        for number, answer in enumerate(member.printed.answers)
                    ]
        may_be_none = np.array([what != COUNTS[VALID] for _, what, _ in targets], dtype=bool)
        columns = [column for *_, column in targets]
        least, most = knowledge.ranges(columns, self.room, may_be_none.tolist(), is_quick=self.is_quick)
        narrow = is_narrow(least, most, self.room, may_be_none)
        return [
            Derived(*cell, what, int(np.ceil(low - EPSILON)), int(np.floor(high + EPSILON)))
            for (cell, what, _), low, high, is_close in zip(targets, least, most, narrow, strict=True)
            if is_close
        ]

    def _know_cell(self, knowledge: Knowledge, name: str, printed: Printed, key: Key, first: int) -> None:
        """Add how the quantities of one withheld cell hang together."""
        light, heavy = self.weights[key[0]]
        responded = self.respondents.get(key, (0.0, np.inf))
        counts = [first + number for number in range(BASE)]
        for column in counts:
            knowledge.upper[column] = responded[1]
        knowledge.know(counts, [1.0] * len(counts), *responded)
        answers = [
            (first + printed.count_of(number), first + printed.weight_of(number))
            for number in range(len(printed.answers))
        ]
        for count, total in [(first + VALID, first + BASE), *answers]:
            knowledge.know([total, count], [1.0, -light], 0.0, np.inf)
            knowledge.know([total, count], [1.0, -heavy], -np.inf, 0.0)
        if answers and not printed.is_scale:
            for count, total in answers:  # those who did not choose an option have weights too
                others = [first + BASE, total, first + VALID, count]
                knowledge.know(others, [1.0, -1.0, -light, light], 0.0, np.inf)
                knowledge.know(others, [1.0, -1.0, -heavy, heavy], -np.inf, 0.0)
                knowledge.know([first + VALID, count], [1.0, -1.0], 0.0, np.inf)
            self._know_options(knowledge, name, printed, first)
            return
        if answers:
            scores = [float(answer) for answer in printed.answers]
            ones = [-1.0] * len(answers)
            knowledge.know([first + VALID, *(count for count, _ in answers)], [1.0, *ones], 0.0, 0.0)
            knowledge.know([first + BASE, *(total for _, total in answers)], [1.0, *ones], 0.0, 0.0)
            knowledge.know([first + SCORE, *(total for _, total in answers)], [1.0, *(-s for s in scores)], 0.0, 0.0)
        least, most = self.means.get((key[0], name, key[1], key[2]), (LOWEST, HIGHEST))
        knowledge.know([first + SCORE, first + BASE], [1.0, -least], 0.0, np.inf)
        knowledge.know([first + SCORE, first + BASE], [1.0, -most], -np.inf, 0.0)

    def _know_options(self, knowledge: Knowledge, name: str, printed: Printed, first: int) -> None:
        """Add that everybody chose an option, and that who chose one that stands alone chose no other."""
        alone = [printed.answers.index(code) for code in self.choices.alone.get(name, ()) if code in printed.answers]
        if not alone:
            return
        every = range(len(printed.answers))
        for whole, part in ((VALID, printed.count_of), (BASE, printed.weight_of)):
            knowledge.know(
                [*(first + part(n) for n in every), first + whole], [*(1.0 for _ in every), -1.0], 0.0, np.inf
            )
            others: list[tuple[int, ...]] = [(number,) for number in every if number not in alone] or [()]
            for other in others:
                columns = [first + part(number) for number in (*alone, *other)]
                knowledge.know([*columns, first + whole], [*(1.0 for _ in columns), -1.0], -np.inf, 0.0)

    def _know_sum(self, knowledge: Knowledge, one: Sum, member: _Member) -> None:
        """Add that the parts sum to the whole, in every quantity that is printed of them."""
        printed = member.printed
        rows = np.array([printed.row_of[key] for key in one.parts])
        whole = printed.row_of[one.whole]
        hidden = [member.first[int(row)] for row in rows if int(row) in member.first]
        top = [member.first[whole]] if whole in member.first else []
        if not hidden and not top:
            return
        shown = rows[~printed.is_hidden[rows]]
        low, high = printed.low[shown].sum(axis=0), printed.high[shown].sum(axis=0)
        whole_low, whole_high = (
            (np.zeros(printed.size), np.zeros(printed.size)) if top else (printed.low[whole], printed.high[whole])
        )
        heavy = self.weights[one.whole[0]][1]
        signs = [1.0] * len(hidden) + [-1.0] * len(top)
        is_multiple = bool(printed.answers) and not printed.is_scale
        for number in range(printed.size):
            if number == SCORE and is_multiple:
                continue
            is_count = number < BASE or SCORE < number < printed.weight_of(0)
            rest = one.rest * (1.0 if is_count else heavy * HIGHEST if number == SCORE else heavy) if one.rest else 0.0
            ends = whole_low[number] - high[number] - rest, whole_high[number] - low[number]
            if np.isnan(ends[0]) or np.isnan(ends[1]) or (np.isinf(ends[0]) and np.isinf(ends[1])):
                continue
            columns = [column + number for column in (*hidden, *top)]
            knowledge.know(columns, signs, ends[0] - EPSILON, ends[1] + EPSILON)

    def _know_category(self, knowledge: Knowledge, key: Key, category: _Member, items: Sequence[_Member]) -> None:
        """
        Add that a person's score is the mean of the valid items, where at least half of those asked are valid.

        Of those with a score let T be the valid answers to the items (weighted), Q their scores times the number of
        their valid answers; of those without, V and P the same. Then the items' bases sum to T + V and their score
        sums to Q + P. A person with a score has between *fewest* and J valid answers and a score of 1 to 5, which
        bounds Q between the planes of McCormick (1976); one without has fewer than half of J.
        """
        if key not in category.printed.row_of:
            return
        asked = [item for item in items if key in item.printed.row_of]
        if not asked:
            return
        J = len(asked)
        all_asked = all(item.term(key, NOT_ASKED) == (None, 0.0, 0.0) for item in asked)
        fewest = float(np.ceil(J * LEAST_VALID_SHARE)) if all_asked else 1.0
        most_without = float(np.ceil(J * LEAST_VALID_SHARE)) - 1.0
        light, heavy = self.weights[key[0]]
        T, Q, V, P, T_n, V_n = (knowledge.unknown() for _ in range(6))

        def row() -> _Row:
            return _Row(knowledge)

        def total(quantity: int) -> _Row:
            sum_ = row()
            for item in asked:
                sum_.add(item.term(key, quantity), 1.0)
            return sum_

        n, base, score = (category.term(key, quantity) for quantity in (VALID, BASE, SCORE))
        total(VALID).add(T_n, -1.0).add(V_n, -1.0).within(0.0, 0.0)
        total(BASE).add(T, -1.0).add(V, -1.0).within(0.0, 0.0)
        total(SCORE).add(Q, -1.0).add(P, -1.0).within(0.0, 0.0)
        row().add(T_n, 1.0).add(n, -fewest).within(0.0, np.inf)
        row().add(T_n, 1.0).add(n, -float(J)).within(-np.inf, 0.0)
        without = row().add(V_n, 1.0)
        for quantity in (DONT_KNOW, BROKEN_OFF):
            without.add(category.term(key, quantity), -most_without)
        without.within(-np.inf, 0.0)
        for weighted, count in ((T, T_n), (V, V_n)):
            row().add(weighted, 1.0).add(count, -light).within(0.0, np.inf)
            row().add(weighted, 1.0).add(count, -heavy).within(-np.inf, 0.0)
        row().add(P, 1.0).add(V, -LOWEST).within(0.0, np.inf)
        row().add(P, 1.0).add(V, -HIGHEST).within(-np.inf, 0.0)
        for least_valid, end, low, high in (
            (fewest, LOWEST, 0.0, np.inf),
            (float(J), HIGHEST, 0.0, np.inf),
            (float(J), LOWEST, -np.inf, 0.0),
            (fewest, HIGHEST, -np.inf, 0.0),
        ):
            row().add(Q, 1.0).add(score, -least_valid).add(T, -end).add(base, least_valid * end).within(low, high)
        for item in asked:
            row().add(item.term(key, VALID), 1.0).add(n, -1.0).add(V_n, -1.0).within(-np.inf, 0.0)


def _know_asked_after(knowledge: Knowledge, before: _Member, after: _Member) -> None:
    """Add that an item was asked of those who chose an option of the one before it that does not stand alone."""
    alone = [before.printed.count_of(number) for number in before.printed.alone]
    for key in dict.fromkeys([*before.printed.keys, *after.printed.keys]):
        row = _Row(knowledge)
        for quantity in (VALID, DONT_KNOW, BROKEN_OFF):
            row.add(after.term(key, quantity), 1.0)
        row.add(before.term(key, VALID), -1.0)
        for quantity in alone:
            row.add(before.term(key, quantity), 1.0)
        row.within(0.0, 0.0)


def _know_rest(knowledge: Knowledge, member: _Member) -> None:
    """
    Add what a municipality's mean and its difference from the rest say of the scores of all others together.

    Of the others that are shown, what is printed; one municipality says it for each domain, the one with the largest
    base, because whatever is shown of the others only blurs it.
    """
    printed = member.printed
    for (domain, group), (own, least, most) in printed.rest.items():
        others = [
            row for row, key in enumerate(printed.keys)
            if key[1:] == (domain, group) and key[0] not in (own, ALL_PARTICIPATING)
        ]  # fmt: skip
        hidden = [member.first[row] for row in others if row in member.first]
        if not hidden:
            continue
        shown = np.array([row for row in others if row not in member.first], dtype=np.int64)
        base = np.stack([printed.low[shown, BASE], printed.high[shown, BASE]])
        score = np.stack([printed.low[shown, SCORE], printed.high[shown, SCORE]])
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(base[0] > 0, score / base, np.array([[least], [most]]))
        for rest, low, high, nearest in ((most, -np.inf, 0.0, mean[0]), (least, 0.0, np.inf, mean[1])):
            # The least that the shown others can add where the rest is at most so much, the most where it is at least.
            added = (nearest - rest) * base
            constant = float((added.min(axis=0) if high == 0.0 else added.max(axis=0)).sum())
            columns = [first + quantity for first in hidden for quantity in (SCORE, BASE)]
            signs = [sign for _ in hidden for sign in (1.0, -rest)]
            knowledge.know(columns, signs, low - constant - EPSILON, high - constant + EPSILON)
