"""
The attacker: what somebody who has everything that is published about a round can work out about what is withheld.

Known is everything shown, as exactly as it is ever printed (printed.py): counts, shares, means, weighted bases, the
smallest and largest weight, how many responded in the domain, differences from all and from the rest; what an earlier
publication of the same answers or a later round says of a cell; and the questionnaire (choices.py). First the plain counts
of people are attacked (counted.py), then each theme - a category with its items - as one linear programme
(theme_attack.py), which gives the range that each withheld count can still have.

*Derived* is a number of valid answers (or of respondents, or of persons sampled or in the population) with a range of
fewer than `ROOM`; and a don't-know or answer count that is certainly above zero with such a range. That nobody in a
withheld group gave an answer can follow from the whole alone, which is shown by rule; it is not counted as derived.

Why something is withheld is not published, so it is not known here. Between items of different categories only the
counts of respondents are carried. What is left out, and why it tells nothing: docs/decisions/0016-what-the-attacker-knows.md.

Source: Fischetti & Salazar (2001), Management Science 47(7), 1008-1027 (attacker's problem of cell suppression).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor

import numpy as np
import pandas as pd

from borgerpuls.estimation.choices import NO_CHOICES, Choices
from borgerpuls.estimation.counted import NotAsked, Range, attack_counts
from borgerpuls.estimation.derived import Cell, Derived
from borgerpuls.estimation.disclosure import (
    CELL,
    COMPLEMENTARY,
    RESPONSE,
    ROOM,
    STATUS,
    WHOLE,
    Thresholds,
    suppress,
    withheld_measures,
)
from borgerpuls.estimation.feasible import EPSILON
from borgerpuls.estimation.figures import COUNTS
from borgerpuls.estimation.printed import HIGHEST, LOWEST, MEAN_STEP, Key
from borgerpuls.estimation.theme_attack import ThemeAttack, could_have_been_asked
from borgerpuls.terms import ALL_PARTICIPATING

WEIGHT_STEP = 0.01
"""Smallest and largest weight are printed with two decimals."""

MOST_REPAIRS = 12
"""Rounds of attack and repair; what is then still derived stops the publication."""

WORTH_PROCESSES = 5000
"""Withheld figures from which on starting processes pays."""

OF_POPULATION = ("target_group", "sex", "age_group")
"""Domains that weighting cells lie inside, as long as none were merged."""


def derived_counts(
    figures: pd.DataFrame,
    sensitive: Collection[Cell] | None = None,
    items: Collection[str] | None = None,
    *,
    categories: Mapping[str, Sequence[str]] | None = None,
    choices: Choices = NO_CHOICES,
    earlier: pd.DataFrame | None = None,
    means: Mapping[Cell, tuple[float, float]] | None = None,
    room: float = ROOM,
    is_quick: bool = False,
    pool: Executor | None = None,
) -> list[Derived]:
    """
    Return every withheld count that the published figures give away.

    Args:
        figures: Rows of `estimation.figure` of one round.
        sensitive: The cells that are withheld for their own sake; of those that are withheld to protect them only the
            number of valid answers is looked at. Default all.
        items: Only these items and categories are attacked; default all.
        categories: The items of each category score.
        choices: What the questionnaire ties together.
        earlier: Figures of the same answers that were published before; what they show is known. Default none.
        means: Least and largest mean of withheld cells that other rounds give away (`means_told_by`); default none.
        room: Answers that must be left.
        is_quick: Find what follows by plain arithmetic, one sum after another: nearly all, but not all. Where counts of
            people follow, only these.
        pool: Where to attack the themes; default here, one after the other. The outcome is the same.

    Raises:
        ValueError: The published figures contradict each other.
    """
    table = _with_earlier(figures, earlier)
    table["item_id"] = withheld_measures(table)
    survey = table[~table["item_id"].isin([RESPONSE, "population", "sampled"])]
    weights = _weight_ranges(figures)
    respondents = _respondents(table, survey)
    residual = _residuals(respondents)
    rows_of = {str(name): rows for name, rows in survey.groupby("item_id", sort=True)}
    population = _counted(table, "population")
    found: list[Derived] = []
    ranges: dict[Key, Range] = {}
    for item, known in (
        ("population", population),
        ("sampled", _counted(table, "sampled")),
        (RESPONSE, respondents),
    ):  # nobody is sampled who is not in the population, and nobody responds who is not sampled
        within = {key: (0.0, ends[1]) for key, ends in ranges.items()}
        not_asked: tuple[NotAsked, ...] = ()
        if item == RESPONSE:
            within = _within_weights(within, population, weights, _unmerged(figures))
            not_asked = tuple(_not_asked(rows_of, respondents))
        found_here, own = attack_counts(item, known, within, residual, not_asked, room, is_quick=is_quick)
        found, ranges = found + found_here, ranges | own
    if is_quick and found:  # what is withheld for these changes all the rest
        return found
    known_means = {**_means_from_differences(survey), **(means or {})}
    attack = ThemeAttack(weights, ranges, residual, known_means, sensitive, room, choices, is_quick)
    wanted = None if items is None else set(items)
    tasks = []
    for category, members in _themes(rows_of, categories or {}, choices):
        names = [name for name in (category, *members) if name in rows_of]
        if wanted is not None and not wanted.intersection(names):
            continue
        if any(rows_of[name]["is_suppressed"].any() for name in names):
            tasks.append((category, {name: rows_of[name] for name in names}))
    return found + _attacked(attack, tasks, pool)


def _attacked(
    attack: ThemeAttack, tasks: Sequence[tuple[str, dict[str, pd.DataFrame]]], pool: Executor | None
) -> list[Derived]:
    """Attack the themes, the largest first, and return what is derived in the order of *tasks*."""
    withheld = [sum(int(rows["is_suppressed"].sum()) for rows in rows_of.values()) for _, rows_of in tasks]
    if pool is None or sum(withheld) < WORTH_PROCESSES:
        return [one for task in tasks for one in attack.theme(*task)]
    order = sorted(range(len(tasks)), key=withheld.__getitem__, reverse=True)
    futures = {number: pool.submit(attack.theme, *tasks[number]) for number in order}
    return [one for number in range(len(tasks)) for one in futures[number].result()]


def protect(
    figures: pd.DataFrame,
    thresholds: Thresholds,
    categories: Mapping[str, Sequence[str]],
    choices: Choices = NO_CHOICES,
    *,
    pool: Executor | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Suppress, attack, and withhold more where the attack succeeds, until it does not or nothing more helps.

    Arguments and returns as `disclosure.suppress`; *choices* and *pool* as `derived_counts`.
    """
    exposed: list[Cell] = []
    safe_with: pd.DataFrame | None = None
    items: set[str] | None = None
    for _ in range(MOST_REPAIRS):
        protected, reasons = suppress(figures, thresholds, categories=categories, exposed=exposed, after=choices.after)
        sensitive = set(reasons.loc[reasons["reason"] != COMPLEMENTARY, CELL].itertuples(index=False, name=None))
        found = derived_counts(protected, sensitive, categories=categories, choices=choices, is_quick=True, pool=pool)
        if not found:
            if safe_with is not None:  # an item of which nothing more is withheld was safe and still is
                changed = pd.concat([safe_with, reasons]).drop_duplicates(CELL, keep=False)["item_id"]
                items = set(changed) | (items or set())
            found = derived_counts(protected, sensitive, items, categories=categories, choices=choices, pool=pool)
            safe_with, items = reasons, {one.item_id for one in found}
        if not found:
            break
        exposed += dict.fromkeys(one[:4] for one in found)
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
    known = [*COUNTS, "weighted_base", "value", "lower", "upper", "difference_to_all", "difference_to_rest"]
    before = shown[known].reindex(keys[again])
    for name in known:
        values = table[name].astype("float64")
        values[again] = before[name].to_numpy(dtype=float, na_value=np.nan)
        table[name] = values
    table.loc[again, "is_suppressed"] = False
    return table


def _themes(
    rows_of: Mapping[str, object], categories: Mapping[str, Sequence[str]], choices: Choices
) -> Iterable[tuple[str, list[str]]]:
    """Yield each category with its items, and the multi-select item that leads to one of them; the others as ("", item)."""
    placed = set()
    of_a_category = {name for code, items in categories.items() for name in (code, *items)}
    # An item that follows another first: it takes the other with it.
    alone = [
        ("", [item])
        for item in sorted(rows_of, key=lambda item: item not in choices.after)
        if item not in of_a_category
    ]
    for category, members in [*categories.items(), *alone]:
        present = [item for item in members if item in rows_of and item not in placed]
        before = [choices.after[item] for item in present if choices.after.get(item) in rows_of]
        if present or category in rows_of:
            placed |= {category, *present, *before}
            yield category, [*present, *dict.fromkeys(before)]


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


def _unmerged(figures: pd.DataFrame) -> set[str]:
    """Return the municipalities that say that none of their weighting cells were merged."""
    rows = figures[(figures["measure"] == "merged_n") & (figures["value"] == 0)]
    return set(rows["municipality_code"]) - {ALL_PARTICIPATING}


def _within_weights(
    within: Mapping[Key, Range],
    population: Mapping[Key, float | None],
    weights: Mapping[str, tuple[float, float]],
    unmerged: Collection[str],
) -> dict[Key, Range]:
    """Narrow the respondents of each group to those whose weights can sum to its population."""
    narrowed = dict(within)
    for key, persons in population.items():
        if persons is None or key[0] not in unmerged or key[1] not in OF_POPULATION:
            continue
        light, heavy = weights[key[0]]
        least, most = narrowed.get(key, (0.0, np.inf))
        narrowed[key] = max(least, persons / heavy - EPSILON), min(most, persons / light + EPSILON)
    return narrowed


def _not_asked(rows_of: Mapping[str, pd.DataFrame], respondents: Mapping[Key, float | None]) -> Iterable[NotAsked]:
    """Yield what is published of who was not asked each item that some were not."""
    if None not in respondents.values():
        return
    for rows in rows_of.values():
        cells = rows.drop_duplicates(CELL)
        keys, count = _key(cells), cells["not_asked_n"].astype("float64")
        nobody = frozenset(could_have_been_asked(rows, respondents)) - set(keys)
        if nobody or (count > 0).any():
            counts = {key: None if np.isnan(n) else float(n) for key, n in zip(keys, count, strict=True)}
            yield NotAsked(counts, nobody)


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
