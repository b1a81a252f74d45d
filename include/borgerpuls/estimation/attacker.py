"""
The attacker: what somebody who has everything that is published about a round can work out about what is withheld.

For every withheld cell the numbers of respondents behind it are unknown: valid, don't know, not asked, broken off, and one
per answer with its weighted total. Known is everything shown, as exactly as it is ever printed: counts, shares to a tenth
of a per cent, weighted bases to a person, the smallest and largest weight, how many responded in the domain. Groups add up
to their whole, municipalities to all participating, durations to those still attached. A linear programme gives the range
that each count can still have.

*Derived* is a number of valid answers (or of respondents, or of persons sampled or in the population) with a range of
fewer than `ROOM`; and a don't-know or answer count that is certainly above zero with such a range. That nobody in a
withheld group gave an answer can follow from the whole alone, which is shown by rule; it is not counted as derived.

Why something is withheld is not published, so it is not known here. Counts of respondents are carried from item to item;
other ties between items are not, except between a category and its items in disclosure.py.

Source: Fischetti & Salazar (2001), Management Science 47(7), 1008-1027 (attacker's problem of cell suppression).
"""

from collections.abc import Collection, Mapping, Sequence
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
from borgerpuls.terms import ALL_PARTICIPATING

Floats = npt.NDArray[np.float64]

SHARE_STEP = 0.001
"""Shares are printed to a tenth of a per cent in the finest artefact."""

WEIGHT_STEP = 0.01
BASE_STEP = 1.0
"""Smallest and largest weight are printed with two decimals, weighted bases in whole persons."""

MOST_REPAIRS = 8
"""Rounds of attack and repair; what is then still derived stops the publication."""

Key = tuple[str, str, str]
"""Municipality, domain and group."""

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


@dataclass(frozen=True)
class _Cell:
    """What is published of one cell: counts in the order of `COUNTS`, weighted base, share per answer; or nothing."""

    counts: Floats | None
    base: float
    shares: Mapping[str, float]


def derived_counts(
    figures: pd.DataFrame, sensitive: Collection[Cell] | None = None, items: Collection[str] | None = None
) -> list[Derived]:
    """
    Return every withheld count that the published figures give away.

    Args:
        figures: Rows of `estimation.figure` of one round.
        sensitive: The cells that are withheld for their own sake; of those that are withheld to protect them only the
            number of valid answers is looked at. Default all.
        items: Only these items and categories are attacked; default all.

    Raises:
        ValueError: The published figures contradict each other.
    """
    table = figures.copy()
    table["item_id"] = withheld_measures(figures)
    survey = table[~table["item_id"].isin([RESPONSE, "population", "sampled"])]
    weights = _weight_ranges(figures)
    respondents = _respondents(table, survey)
    found: list[Derived] = []
    for item in ("population", "sampled"):
        known = _counted(table, item)
        found += _attack_totals(item, known, _sums(known, None))[0]
    found_here, ranges = _attack_totals(RESPONSE, respondents, _sums(respondents, None))
    found += found_here
    residual = _residuals(respondents)
    for name, rows in survey.groupby("item_id", sort=True):
        if items is not None and name not in items:
            continue
        cells = _cells(rows)
        if any(cell.counts is None for cell in cells.values()):
            # Where nobody was asked there is no figure: everybody who responded there is "not asked". Domains that only
            # other items or the counts of taking part are split by say nothing of this one.
            domains = {domain for _, domain, _ in cells}
            cells |= {
                key: _Cell(np.array([0.0, 0.0, np.nan if count is None else count, 0.0]), 0.0, {})
                for key, count in respondents.items()
                if key not in cells and key[1] in domains
            }
            own = None if sensitive is None else {(m, d, g) for m, i, d, g in sensitive if i == name}
            found += _attack_item(str(name), cells, _sums(cells, residual), ranges, weights, own)
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
    for _ in range(MOST_REPAIRS):
        protected, reasons = suppress(figures, thresholds, categories=categories, exposed=exposed)
        if before is not None:  # an item of which nothing more is withheld was safe and still is
            changed = pd.concat([before, reasons]).drop_duplicates(CELL, keep=False)["item_id"]
            items = set(changed) | {cell[1] for cell in exposed}
        sensitive = set(reasons.loc[reasons["reason"] != COMPLEMENTARY, CELL].itertuples(index=False, name=None))
        found = derived_counts(protected, sensitive, items)
        if not found:
            break
        exposed += dict.fromkeys(one[:4] for one in found)
        before = reasons
    return protected, reasons


# --- what is published -------------------------------------------------------------------------------------------


def _key(rows: pd.DataFrame) -> list[Key]:
    return list(zip(rows["municipality_code"], rows["domain"], rows["domain_group"], strict=True))


def _cells(rows: pd.DataFrame) -> dict[Key, _Cell]:
    """Return what is published of every cell of one item."""
    shares: dict[Key, dict[str, float]] = {}
    parts = rows[rows["measure"].isin(["share", "option_share"])]
    for key, answer, value in zip(_key(parts), parts["category"], parts["value"], strict=True):
        shares.setdefault(key, {})[answer] = float(value)
    first = rows.drop_duplicates(["municipality_code", "domain", "domain_group"])
    counts = first[COUNTS].to_numpy(dtype=float, na_value=np.nan)
    bases = first["weighted_base"].to_numpy(dtype=float, na_value=np.nan)
    return {
        key: _Cell(None if hidden else counts[row], float(bases[row]), shares.get(key, {}))
        for row, (key, hidden) in enumerate(zip(_key(first), first["is_suppressed"], strict=True))
    }


def _counted(table: pd.DataFrame, item: str) -> dict[Key, float | None]:
    """Return the published counts of who is in the population, was sampled or responded; None where withheld."""
    whole = {"population": "population_n", "sampled": "sampled_n", RESPONSE: "answered_n"}[item]
    share = {"population": "population_share", "sampled": "sample_share", RESPONSE: "respondent_share"}[item]
    rows = table[(table["item_id"] == item) & table["measure"].isin([whole, share])]
    value = rows["valid_n"].where(rows["measure"] == share, rows["value"]).astype("float64")
    return {
        key: None if hidden else float(count)
        for key, hidden, count in zip(_key(rows), rows["is_suppressed"], value, strict=True)
    }


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
    value = rows.set_index(["municipality_code", "measure"])["value"].astype("float64").dropna()
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


def _sums(cells: Mapping[Key, object], residual: Mapping[str, float] | None) -> list[_Sum]:
    """Return every way in which cells add up, leaving out those that have neither whole nor parts."""
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
        if whole in cells:
            sums.append(_Sum(whole, tuple(parts), rest))
    for (domain, group), parts in places.items():
        if (ALL_PARTICIPATING, domain, group) in cells:
            sums.append(_Sum((ALL_PARTICIPATING, domain, group), tuple(parts), 0.0))
    return sums


# --- the programmes ----------------------------------------------------------------------------------------------


def _attack_totals(
    item: str, known: Mapping[Key, float | None], sums: list[_Sum]
) -> tuple[list[Derived], dict[Key, tuple[float, float]]]:
    """Attack plain counts; return what is derived and the range of every count."""
    knowledge = Knowledge()
    hidden = {key: knowledge.unknown() for key, count in known.items() if count is None}
    ranges = {key: (count, count) for key, count in known.items() if count is not None}
    for one in sums:
        parts = [hidden[key] for key in one.parts if key in hidden]
        if not parts and one.whole not in hidden:
            continue
        shown = sum(known[key] or 0.0 for key in one.parts)
        whole = [hidden[one.whole]] if one.whole in hidden else []
        total = -shown if whole else (known[one.whole] or 0.0) - shown
        signs = [1.0] * len(parts) + [-1.0] * len(whole)
        knowledge.know([*parts, *whole], signs, (total if not whole else -shown) - one.rest, total)
    keys = list(hidden)
    _bound(knowledge, max((count for count in known.values() if count is not None), default=0.0))
    least, most = knowledge.ranges([hidden[key] for key in keys], ROOM)
    found = [
        Derived(key[0], item, key[1], key[2], "n", round(float(low)), round(float(high)))
        for key, low, high, narrow in zip(keys, least, most, is_narrow(least, most, ROOM), strict=True)
        if narrow
    ]
    # The ends that were only seen are no bounds: what is not narrow stays open.
    for key, low, high in zip(keys, least, most, strict=True):
        ranges[key] = (
            (float(low), float(high)) if is_narrow(np.array([low]), np.array([high]), ROOM)[0] else (0, np.inf)
        )
    return found, ranges


@dataclass(frozen=True)
class _Unknown:
    """The unknowns of one withheld cell."""

    counts: tuple[int, ...]
    base: int
    answers: Mapping[str, tuple[int, int]]


def _attack_item(
    item: str,
    cells: Mapping[Key, _Cell],
    sums: list[_Sum],
    respondents: Mapping[Key, tuple[float, float]],
    weights: Mapping[str, tuple[float, float]],
    sensitive: Collection[Key] | None,
) -> list[Derived]:
    names = sorted({answer for cell in cells.values() for answer in cell.shares})
    is_scale = any(answer.isdigit() for answer in names)
    knowledge = Knowledge()
    hidden = {
        key: _unknown_cell(knowledge, names, is_scale, respondents.get(key, (0.0, np.inf)), weights[key[0]])
        for key, cell in cells.items()
        if cell.counts is None
    }
    for one in sums:
        _know_sum(knowledge, one, cells, hidden, names, weights)
    _bound(
        knowledge, max((float(cell.counts.sum()) for cell in cells.values() if cell.counts is not None), default=0.0)
    )
    targets = [
        (key, name, column)
        for key, own in hidden.items()
        for name, column in _targets(own)
        if name == COUNTS[0] or sensitive is None or key in sensitive
    ]
    may_be_none = np.array([name != COUNTS[0] for _, name, _ in targets], dtype=bool)
    least, most = knowledge.ranges([column for _, _, column in targets], ROOM, may_be_none.tolist())
    narrow = is_narrow(least, most, ROOM, may_be_none)
    found = []
    for (key, name, _), low, high, is_close in zip(targets, least, most, narrow, strict=True):
        if is_close:
            ends = int(np.ceil(low - EPSILON)), int(np.floor(high + EPSILON))
            found.append(Derived(key[0], item, key[1], key[2], name, *ends))
    return found


def _targets(own: _Unknown) -> list[tuple[str, int]]:
    """The counts that must stay unknown: valid, don't know, and one per answer."""
    return [(COUNTS[0], own.counts[0]), (COUNTS[1], own.counts[1])] + [
        (f"answer {name}", columns[0]) for name, columns in own.answers.items()
    ]


def _unknown_cell(
    knowledge: Knowledge,
    names: list[str],
    is_scale: bool,
    responded: tuple[float, float],
    weight: tuple[float, float],
) -> _Unknown:
    counts = tuple(knowledge.unknown(upper=responded[1]) for _ in COUNTS)
    base = knowledge.unknown()
    answers = {name: (knowledge.unknown(), knowledge.unknown()) for name in names}
    knowledge.know(counts, [1.0] * len(counts), *responded)
    lightest, heaviest = weight
    pairs = [(counts[0], base), *answers.values()]
    for count, total in pairs:
        knowledge.know([total, count], [1.0, -lightest], 0.0, np.inf)
        knowledge.know([total, count], [1.0, -heaviest], -np.inf, 0.0)
    if is_scale and names:
        knowledge.know([counts[0], *(n for n, _ in answers.values())], [1.0] + [-1.0] * len(names), 0.0, 0.0)
        knowledge.know([base, *(t for _, t in answers.values())], [1.0] + [-1.0] * len(names), 0.0, 0.0)
    for count, total in () if is_scale else answers.values():
        # Those who did not choose an option have weights too.
        knowledge.know([base, total, counts[0], count], [1.0, -1.0, -lightest, lightest], 0.0, np.inf)
        knowledge.know([base, total, counts[0], count], [1.0, -1.0, -heaviest, heaviest], -np.inf, 0.0)
        knowledge.know([counts[0], count], [1.0, -1.0], 0.0, np.inf)
    return _Unknown(counts, base, answers)


def _know_sum(
    knowledge: Knowledge,
    one: _Sum,
    cells: Mapping[Key, _Cell],
    hidden: Mapping[Key, _Unknown],
    names: list[str],
    weights: Mapping[str, tuple[float, float]],
) -> None:
    """Add that the parts sum to the whole: counts exactly, weighted totals and answers as far as they are printed."""
    members = [(key, 1.0) for key in one.parts] + [(one.whole, -1.0)]
    unknown = [(hidden[key], sign) for key, sign in members if key in hidden]
    if not unknown:
        return
    shown = [(cells[key], key[0], sign) for key, sign in members if key not in hidden]
    heaviest = weights[one.whole[0]][1]
    signs = [sign for _, sign in unknown]
    for number in range(len(COUNTS)):
        total = sum(sign * float(cell.counts[number]) for cell, _, sign in shown if cell.counts is not None)
        if np.isnan(total):
            continue  # not asked, in a domain of which it is not known how many responded
        knowledge.know([own.counts[number] for own, _ in unknown], signs, -total - one.rest, -total)
    base = sum(sign * cell.base for cell, _, sign in shown)
    slack = sum(BASE_STEP / 2 for _ in shown) + EPSILON
    knowledge.know([own.base for own, _ in unknown], signs, -base - slack - one.rest * heaviest, -base + slack)
    for name in names:
        total = slack = low = high = 0.0
        for cell, place, sign in shown:
            share = cell.shares.get(name, 0.0) if not np.isnan(cell.shares.get(name, 0.0)) else 0.0
            weighted = share * cell.base
            step = SHARE_STEP / 2 * cell.base + BASE_STEP / 2 * share if 0 < share < 1 else BASE_STEP / 2 * share
            total += sign * weighted
            slack += step + EPSILON
            ends = _answers_behind(weighted, step, weights[place], cell)
            low, high = low + min(sign * ends[0], sign * ends[1]), high + max(sign * ends[0], sign * ends[1])
        columns = [own.answers[name] for own, _ in unknown]
        rest = one.rest * heaviest
        knowledge.know([column[1] for column in columns], signs, -total - slack - rest, -total + slack)
        knowledge.know([column[0] for column in columns], signs, -high - one.rest - EPSILON, -low + EPSILON)


def _answers_behind(weighted: float, step: float, weight: tuple[float, float], cell: _Cell) -> tuple[float, float]:
    """Return the fewest and the most respondents that can stand behind a printed share."""
    n = float(cell.counts[0]) if cell.counts is not None else np.inf
    if weighted <= 0:
        return 0.0, 0.0
    most = min(n, np.floor((weighted + step) / weight[0] + EPSILON))
    least = max(1.0, np.ceil((weighted - step) / weight[1] - EPSILON))
    return least, max(most, least)


def _bound(knowledge: Knowledge, largest: float) -> None:
    """Give unknowns without an upper end one that no withheld count reaches, so that every programme has a solution."""
    for number, upper in enumerate(knowledge.upper):
        if not np.isfinite(upper):
            knowledge.upper[number] = max(1e4, 4.0 * largest) * 100
