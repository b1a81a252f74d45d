"""
The attacker: what somebody who has everything that is published about a round can work out about what is withheld.

For every withheld cell the numbers of respondents behind it are unknown: valid, don't know, not asked, broken off, and one
per answer with its weighted total. Known is everything shown, as exactly as it is ever printed (printed.py): counts,
shares, means, weighted bases, the smallest and largest weight, how many responded in the domain, differences from all and
from the rest; what an earlier publication of the same answers or a later round says of a cell is known too. Groups add up
to their whole, municipalities to all participating, durations to those still attached; and a category is the mean of
its items, so that the items of one category are attacked together. A linear programme gives the range that each count can
still have.

*Derived* is a number of valid answers (or of respondents, or of persons sampled or in the population) with a range of
fewer than `ROOM`; and a don't-know or answer count that is certainly above zero with such a range. That nobody in a
withheld group gave an answer can follow from the whole alone, which is shown by rule; it is not counted as derived.

Why something is withheld is not published, so it is not known here. Between items of different categories only the
counts of respondents are carried.

Source: Fischetti & Salazar (2001), Management Science 47(7), 1008-1027 (attacker's problem of cell suppression).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.estimation.disclosure import (
    CELL,
    COMPLEMENTARY,
    CURRENT,
    DURATION,
    RESPONSE,
    ROOM,
    STATUS,
    WHOLE,
    Thresholds,
    suppress,
    withheld_measures,
)
from borgerpuls.estimation.feasible import EPSILON, Knowledge, is_narrow
from borgerpuls.estimation.figures import COUNTS
from borgerpuls.estimation.printed import (
    BASE,
    BROKEN_OFF,
    DONT_KNOW,
    HIGHEST,
    LOWEST,
    MEAN_STEP,
    NOT_ASKED,
    SCORE,
    VALID,
    Key,
    Printed,
    printed_cells,
)
from borgerpuls.terms import ALL_PARTICIPATING

Floats = npt.NDArray[np.float64]

WEIGHT_STEP = 0.01
"""Smallest and largest weight are printed with two decimals."""

LEAST_VALID_SHARE = 0.5
"""A person has a category score when at least this share of the items asked is valid, in every codebook so far."""

MOST_REPAIRS = 8
"""Rounds of attack and repair; what is then still derived stops the publication."""

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
class _Sum:
    """Cells that add up to another; `whole` is its key, `parts` are the keys of the others."""

    whole: Key
    parts: tuple[Key, ...]
    rest: float
    """Most respondents that are in the whole and in none of the parts."""


def derived_counts(
    figures: pd.DataFrame,
    sensitive: Collection[Cell] | None = None,
    items: Collection[str] | None = None,
    *,
    categories: Mapping[str, Sequence[str]] | None = None,
    earlier: pd.DataFrame | None = None,
    means: Mapping[Cell, tuple[float, float]] | None = None,
    room: float = ROOM,
) -> list[Derived]:
    """
    Return every withheld count that the published figures give away.

    Args:
        figures: Rows of `estimation.figure` of one round.
        sensitive: The cells that are withheld for their own sake; of those that are withheld to protect them only the
            number of valid answers is looked at. Default all.
        items: Only these items and categories are attacked; default all.
        categories: The items of each category score.
        earlier: Figures of the same answers that were published before; what they show is known. Default none.
        means: Least and largest mean of withheld cells that other rounds give away (`means_told_by`); default none.

    Raises:
        ValueError: The published figures contradict each other.
    """
    table = _with_earlier(figures, earlier)
    table["item_id"] = withheld_measures(table)
    survey = table[~table["item_id"].isin([RESPONSE, "population", "sampled"])]
    weights = _weight_ranges(figures)
    respondents = _respondents(table, survey)
    found: list[Derived] = []
    ranges: dict[Key, tuple[float, float]] = {}
    for item, known in (
        ("population", _counted(table, "population")),
        ("sampled", _counted(table, "sampled")),
        (RESPONSE, respondents),
    ):  # nobody is sampled who is not in the population, and nobody responds who is not sampled
        found_here, own = _attack_totals(item, known, ranges, room)
        found, ranges = found + found_here, ranges | own
    known_means = {**_means_from_differences(survey), **(means or {})}
    attack = _Attack(weights, ranges, _residuals(respondents), known_means, sensitive, room)
    wanted = None if items is None else set(items)
    rows_of = {str(name): rows for name, rows in survey.groupby("item_id", sort=True)}
    for category, members in _themes(rows_of, categories or {}):
        names = [name for name in (category, *members) if name in rows_of]
        if wanted is not None and not wanted.intersection(names):
            continue
        if any(rows_of[name]["is_suppressed"].any() for name in names):
            found += attack.theme(category, {name: rows_of[name] for name in names})
    return found


def protect(
    figures: pd.DataFrame, thresholds: Thresholds, categories: Mapping[str, Sequence[str]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Suppress, attack, and withhold more where the attack succeeds, until it does not or nothing more helps.

    Arguments and returns as `disclosure.suppress`.
    """
    exposed: list[Cell] = []
    items: set[str] | None = None
    before: pd.DataFrame | None = None
    together: Mapping[str, Sequence[str]] = {}  # each item alone, as long as that finds something: it is much faster
    for _ in range(MOST_REPAIRS):
        protected, reasons = suppress(figures, thresholds, categories=categories, exposed=exposed)
        if before is not None:  # an item of which nothing more is withheld was safe and still is
            changed = pd.concat([before, reasons]).drop_duplicates(CELL, keep=False)["item_id"]
            items = set(changed) | {cell[1] for cell in exposed}
        sensitive = set(reasons.loc[reasons["reason"] != COMPLEMENTARY, CELL].itertuples(index=False, name=None))
        found = derived_counts(protected, sensitive, items, categories=together)
        if not found and together is not categories:
            together, items = categories, None
            found = derived_counts(protected, sensitive, categories=together)
        if not found:
            break
        exposed += dict.fromkeys(one[:4] for one in found)
        before = reasons
    return protected, reasons


def means_told_by(later: pd.DataFrame) -> dict[Cell, tuple[float, float]]:
    """
    Return what a later round says of the means of the round before it: its mean less the printed difference.

    Args:
        later: Published figures of the later round.
    """
    rows = later[later["measure"].isin(["mean", "category_mean"]) & ~later["is_suppressed"].astype(bool)]
    rows = rows[rows["difference_to_previous"].notna()]
    mean = rows["value"].astype(float).round(2) - rows["difference_to_previous"].astype(float).round(2)
    cells = rows[CELL].itertuples(index=False, name=None)
    return {cell: (value - MEAN_STEP, value + MEAN_STEP) for cell, value in zip(cells, mean, strict=True)}


# --- what is published -------------------------------------------------------------------------------------------


def _with_earlier(figures: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Return *figures* in which what was shown before is shown again."""
    table = figures.copy()
    if earlier is None or earlier.empty:
        return table
    columns = [*CELL, "measure", "category"]
    shown = earlier[~earlier["is_suppressed"].astype(bool)].set_index(columns)
    keys = pd.MultiIndex.from_frame(table[columns])
    again = table["is_suppressed"].to_numpy(dtype=bool) & keys.isin(shown.index)
    known = [*COUNTS, "weighted_base", "value", "difference_to_all", "difference_to_rest"]
    before = shown[known].reindex(keys[again])
    for name in known:
        values = table[name].astype("float64")
        values[again] = before[name].to_numpy(dtype=float, na_value=np.nan)
        table[name] = values
    table.loc[again, "is_suppressed"] = False
    return table


def _themes(rows_of: Mapping[str, object], categories: Mapping[str, Sequence[str]]) -> Iterable[tuple[str, list[str]]]:
    """Yield each category with its items; an item of no category as ("", item)."""
    placed = set()
    for category, members in categories.items():
        present = [item for item in members if item in rows_of]
        if present or category in rows_of:
            placed |= {category, *present}
            yield category, present
    for item in rows_of:
        if item not in placed:
            yield "", [item]


def _key(rows: pd.DataFrame) -> list[Key]:
    return list(zip(rows["municipality_code"], rows["domain"], rows["domain_group"], strict=True))


def _counted(table: pd.DataFrame, item: str) -> dict[Key, float | None]:
    """Return the published counts of who is in the population, was sampled or responded; None where withheld."""
    whole = {"population": "population_n", "sampled": "sampled_n", RESPONSE: "answered_n"}[item]
    share = {"population": "population_share", "sampled": "sample_share", RESPONSE: "respondent_share"}[item]
    rows = table[(table["item_id"] == item) & table["measure"].isin([whole, share])]
    value = rows["valid_n"].where(rows["measure"] == share, rows["value"]).astype("float64")
    known = {
        key: None if hidden else float(count)
        for key, hidden, count in zip(_key(rows), rows["is_suppressed"], value, strict=True)
    }
    rates = table[(table["measure"] == "response_rate") & ~table["is_suppressed"].astype(bool)]
    printed = {RESPONSE: "valid_n", "sampled": "weighted_base"}.get(item)
    for key, count in zip(_key(rates), rates[printed].astype("float64"), strict=True) if printed else ():
        if known.get(key) is None:
            known[key] = float(count)
    return known


def _respondents(table: pd.DataFrame, survey: pd.DataFrame) -> dict[Key, float | None]:
    """Return how many responded in every domain: printed, or the sum of the four counts of any item shown there."""
    asked = survey[COUNTS].astype("float64").sum(axis=1, min_count=len(COUNTS))
    known: dict[Key, float | None] = dict.fromkeys(_key(survey))
    for key, count in zip(_key(survey), asked, strict=True):
        if not np.isnan(count):
            known[key] = float(count)
    for key, count in _counted(table, RESPONSE).items():
        if known.get(key) is None:
            known[key] = count
    return known


def _weight_ranges(figures: pd.DataFrame) -> dict[str, tuple[float, float]]:
    rows = figures[figures["item_id"] == "weighting"]
    value = rows.set_index(["municipality_code", "measure"])["value"].astype("float64").dropna().round(2)
    overall = (
        float(value.get((ALL_PARTICIPATING, "weight_min"), 1.0)) - WEIGHT_STEP / 2,
        float(value.get((ALL_PARTICIPATING, "weight_max"), 1e6)) + WEIGHT_STEP / 2,
    )
    return {
        str(code): (
            max(float(value.get((code, "weight_min"), overall[0])) - WEIGHT_STEP / 2, 0.5),
            float(value.get((code, "weight_max"), overall[1])) + WEIGHT_STEP / 2,
        )
        for code in {ALL_PARTICIPATING, *figures["municipality_code"]}
    }


def _residuals(respondents: Mapping[Key, float | None]) -> dict[str, float]:
    """Most respondents of each municipality who gave no status; they are in no group of status or duration."""
    places = {key[0] for key in respondents}

    def missing(place: str) -> float | None:
        whole = respondents.get((place, WHOLE, ""))
        parts = [count for key, count in respondents.items() if key[0] == place and key[1] == STATUS]
        counts = [count for count in parts if count is not None]
        if whole is None or len(counts) < len(parts) or not parts:
            return None
        return max(whole - sum(counts), 0.0)

    known = {place: missing(place) for place in places}
    overall = known.get(ALL_PARTICIPATING)
    elsewhere = sum(gap or 0.0 for place, gap in known.items() if place != ALL_PARTICIPATING)
    left = np.inf if overall is None else max(overall - elsewhere, 0.0)
    return {place: left if gap is None else gap for place, gap in known.items()}


def _means_from_differences(survey: pd.DataFrame) -> dict[Cell, tuple[float, float]]:
    """Return the means of all participating that are withheld and follow from a municipality and its difference."""
    hidden = survey[survey["is_suppressed"].astype(bool) & (survey["municipality_code"] == ALL_PARTICIPATING)]
    withheld = set(hidden[CELL].itertuples(index=False, name=None))
    rows = survey[survey["difference_to_all"].notna() & ~survey["is_suppressed"].astype(bool)]
    told: dict[Cell, tuple[float, float]] = {}
    for row in rows.itertuples():
        cell = (ALL_PARTICIPATING, str(row.item_id), str(row.domain), str(row.domain_group))
        if cell in withheld:
            mean = round(float(row.value), 2) - round(float(row.difference_to_all), 2)  # type: ignore[arg-type]
            least, most = told.get(cell, (LOWEST, HIGHEST))
            told[cell] = max(least, mean - MEAN_STEP), min(most, mean + MEAN_STEP)
    return told


def _sums(cells: Iterable[Key], residual: Mapping[str, float] | None) -> list[_Sum]:
    """Return every way in which cells add up, leaving out those that have neither whole nor parts."""
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
            sums.append(_Sum(whole, tuple(parts), rest))
    for (domain, group), parts in places.items():
        if (ALL_PARTICIPATING, domain, group) in known:
            sums.append(_Sum((ALL_PARTICIPATING, domain, group), tuple(parts), 0.0))
    return sums


# --- the programmes ----------------------------------------------------------------------------------------------


def _attack_totals(
    item: str, known: Mapping[Key, float | None], larger: Mapping[Key, tuple[float, float]], room: float
) -> tuple[list[Derived], dict[Key, tuple[float, float]]]:
    """Attack plain counts, none above the most of *larger*; return what is derived and the range of every count."""
    knowledge = Knowledge()
    open_ends = (0.0, np.inf)
    hidden = {
        key: knowledge.unknown(upper=larger.get(key, open_ends)[1]) for key, count in known.items() if count is None
    }
    ranges = {key: (count, count) for key, count in known.items() if count is not None}
    for one in _sums(known, None):
        parts = [hidden[key] for key in one.parts if key in hidden]
        if not parts and one.whole not in hidden:
            continue
        shown = sum(known[key] or 0.0 for key in one.parts)
        whole = [hidden[one.whole]] if one.whole in hidden else []
        total = -shown if whole else (known[one.whole] or 0.0) - shown
        knowledge.know([*parts, *whole], [1.0] * len(parts) + [-1.0] * len(whole), total - one.rest, total)
    keys = list(hidden)
    _bound(knowledge, max((count for count in known.values() if count is not None), default=0.0))
    least, most = knowledge.ranges([hidden[key] for key in keys], room)
    narrow = is_narrow(least, most, room)
    found = [
        Derived(key[0], item, key[1], key[2], "n", round(float(low)), round(float(high)))
        for key, low, high, is_close in zip(keys, least, most, narrow, strict=True)
        if is_close
    ]
    # The ends that were only seen are no bounds: what is not narrow stays open.
    for key, low, high, is_close in zip(keys, least, most, narrow, strict=True):
        ranges[key] = (float(low), float(high)) if is_close else (0.0, larger.get(key, open_ends)[1])
    return found, ranges


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


@dataclass(frozen=True)
class _Attack:
    """What is known about all items of the round."""

    weights: Mapping[str, tuple[float, float]]
    respondents: Mapping[Key, tuple[float, float]]
    residual: Mapping[str, float]
    means: Mapping[Cell, tuple[float, float]]
    sensitive: Collection[Cell] | None
    room: float

    def theme(self, category: str, rows_of: Mapping[str, pd.DataFrame]) -> list[Derived]:
        """Attack a category and its items together; return what is derived."""
        knowledge = Knowledge()
        members: dict[str, _Member] = {}
        for name, rows in rows_of.items():
            printed = printed_cells(rows, self.weights, self._nobody_asked(rows))
            first = {int(row): knowledge.unknowns(printed.size) for row in np.flatnonzero(printed.is_hidden)}
            members[name] = _Member(printed, first)
            for row, column in first.items():
                self._know_cell(knowledge, name, printed, printed.keys[row], column)
            for one in _sums(printed.keys, self.residual):
                self._know_sum(knowledge, one, members[name])
        if category in members:
            items = [member for name, member in members.items() if name != category]
            touched = {member.printed.keys[row] for member in members.values() for row in member.first}
            for key in touched if items else ():
                self._know_category(knowledge, key, members[category], items)
        largest = max((_largest(member.printed) for member in members.values()), default=0.0)
        _bound(knowledge, largest)
        return self._derived(knowledge, members)

    def _nobody_asked(self, rows: pd.DataFrame) -> dict[Key, tuple[float, float]]:
        """
        Return who responded where the item could have a figure, by its domains; where it has none, nobody was asked.

        Domains that only other items are split by say nothing of this one, and an item of one municipality nothing of
        the others.
        """
        places, domains = set(rows["municipality_code"]), set(rows["domain"])
        return {
            key: ends
            for key, ends in self.respondents.items()
            if key[1] in domains and (key[0] in places or ALL_PARTICIPATING in places)
        }

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
        least, most = knowledge.ranges([column for *_, column in targets], self.room, may_be_none.tolist())
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

    def _know_sum(self, knowledge: Knowledge, one: _Sum, member: _Member) -> None:
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


def _largest(printed: Printed) -> float:
    shown = printed.high[~printed.is_hidden, :BASE]
    return float(np.nanmax(shown, initial=0.0, where=np.isfinite(shown))) if shown.size else 0.0


def _bound(knowledge: Knowledge, largest: float) -> None:
    """Give unknowns without an upper end one that no withheld count reaches, so that every programme has a solution."""
    for number, upper in enumerate(knowledge.upper):
        if not np.isfinite(upper):
            knowledge.upper[number] = max(1e4, 4.0 * largest) * 100
