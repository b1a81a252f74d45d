"""
What is printed of one item's cells, as the intervals that an attacker can rely on.

A shown cell is known as exactly as it is ever printed: counts exactly, shares to a tenth of a per cent, means to two
decimals, weighted bases to a person. From these follow, by plain interval arithmetic, how many respondents and how much
weight can stand behind each answer; a withheld cell is unknown in everything.

The weights of single respondents are not published and are taken as unknown between the smallest and the largest weight
of the municipality, which are. A mean is also the middle of its interval, and a municipality's is that of all plus its
difference, so that each narrows the other. Standard errors are not used (docs/decisions/0016-what-the-attacker-knows.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.estimation.figures import COUNTS
from borgerpuls.terms import ALL_PARTICIPATING

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

Key = tuple[str, str, str]
"""Municipality, domain and group."""

SHARE_STEP = 0.001
"""Shares are printed to a tenth of a per cent in the finest artefact."""

MEAN_STEP = 0.01
BASE_STEP = 1.0
"""Means are printed with two decimals, weighted bases in whole persons."""

EPSILON = 1e-6

VALID, DONT_KNOW, NOT_ASKED, BROKEN_OFF, BASE, SCORE = range(6)
"""Quantities of a cell: four counts of respondents, the weight of the valid answers, and the weighted sum of scores."""

ANSWERS = 6
"""From here the respondents behind each answer, then the weight behind each answer."""

_PASSES = 3

LOWEST, HIGHEST = 1.0, 5.0


@dataclass(frozen=True)
class Printed:
    """
    The cells of one item, options of one multi-select item, or one category.

    Attributes:
        keys: Municipality, domain and group of each cell.
        row_of: The row of each key.
        is_hidden: Per cell, whether it is withheld.
        answers: Names of the answers or options; none for a category, of which only the mean is printed.
        is_scale: The answers are scores, of which everybody gives one; options may be several.
        low: Least possible value, shape (cells, quantities); 0 where withheld.
        high: Largest possible value, likewise; infinite where withheld.
        alone: Places of the options that exclude all others.
        rest: By domain and group, a municipality whose difference from the rest is shown, and the least and largest mean of
            the rest that follow.
    """

    keys: tuple[Key, ...]
    row_of: Mapping[Key, int]
    is_hidden: Mask
    answers: tuple[str, ...]
    is_scale: bool
    low: Floats
    high: Floats
    alone: tuple[int, ...]
    rest: Mapping[tuple[str, str], tuple[str, float, float]]

    @property
    def size(self) -> int:
        """How many quantities a cell has."""
        return int(self.low.shape[1])

    def count_of(self, answer: int) -> int:
        """The quantity that counts the respondents behind an answer, by its place."""
        return ANSWERS + answer

    def weight_of(self, answer: int) -> int:
        """The quantity that is the weight behind an answer, by its place."""
        return ANSWERS + len(self.answers) + answer


def printed_cells(
    rows: pd.DataFrame,
    weights: Mapping[str, tuple[float, float]],
    nobody_asked: Mapping[Key, tuple[float, float]],
    alone: Sequence[str] = (),
) -> Printed:
    """
    Return what is printed of one item's cells.

    Args:
        rows: Figures of one item, multi-select item or category.
        weights: Smallest and largest weight by municipality.
        nobody_asked: Least and most respondents of the domains in which the item has no figure, because nobody was
            asked there.
        alone: Options that exclude all others.
    """
    first = rows.drop_duplicates(["municipality_code", "domain", "domain_group"])
    keys = _keys(first)
    index = pd.MultiIndex.from_tuples(keys)
    shares = rows[rows["measure"].isin(["share", "option_share"])]
    answers = tuple(sorted(shares["category"].unique()))
    is_scale = all(answer.isdigit() for answer in answers)
    hidden = first["is_suppressed"].to_numpy(dtype=bool)
    counts = first[COUNTS].to_numpy(dtype=float, na_value=np.nan)
    low, high = (np.zeros((len(keys), ANSWERS + 2 * len(answers))) for _ in range(2))
    low[:, :BASE], high[:, :BASE] = counts, counts
    valid = counts[:, VALID]
    base = np.round(first["weighted_base"].to_numpy(dtype=float, na_value=np.nan))
    low[:, BASE] = np.where(valid > 0, base - BASE_STEP / 2, 0.0)
    high[:, BASE] = np.where(valid > 0, base + BASE_STEP / 2, 0.0)
    light, heavy = np.array([weights[key[0]] for key in keys]).T
    means = rows[rows["measure"].isin(["mean", "category_mean"])]
    mean_low, mean_high = _printed_means(means, index)
    alone_at = tuple(number for number, answer in enumerate(answers) if answer in alone)
    if answers:
        share = np.column_stack([_values(shares[shares["category"] == answer], index) for answer in answers])
        share_low, share_high = _share_ends(share, valid)
        if is_scale:
            scores = np.array([float(answer) for answer in answers])
            from_shares = _mean_ends(share_low, share_high, scores)
            mean_low, mean_high = np.maximum(mean_low, from_shares[0]), np.minimum(mean_high, from_shares[1])
        parts = _answers_behind(share_low, share_high, low, high, (light, heavy), is_scale=is_scale)
        if is_scale:
            top = np.round(_values(rows[rows["measure"] == "top2"], index), 3)
            parts = _with_top(parts, answers, top, low[:, BASE], high[:, BASE])
        low[:, ANSWERS : ANSWERS + len(answers)], high[:, ANSWERS : ANSWERS + len(answers)] = parts[:2]
        low[:, ANSWERS + len(answers) :], high[:, ANSWERS + len(answers) :] = parts[2:]
    low[:, SCORE] = np.where(valid > 0, mean_low * low[:, BASE], 0.0)
    high[:, SCORE] = np.where(valid > 0, mean_high * high[:, BASE], 0.0)
    low[hidden], high[hidden] = 0.0, np.inf
    missing = [key for key in nobody_asked if key not in set(keys)]
    empty = np.zeros((len(missing), low.shape[1]))
    empty_high = empty.copy()
    if missing:
        empty[:, NOT_ASKED], empty_high[:, NOT_ASKED] = np.array([nobody_asked[key] for key in missing]).T
    keys += missing
    return Printed(
        keys=tuple(keys),
        row_of={key: row for row, key in enumerate(keys)},
        is_hidden=np.concatenate([hidden, np.zeros(len(missing), dtype=bool)]),
        answers=answers,
        is_scale=is_scale,
        low=np.vstack([low, empty]),
        high=np.vstack([high, empty_high]),
        alone=alone_at,
        rest=_means_of_the_rest(means),
    )


def largest_count(printed: Printed) -> float:
    """Return the largest count of respondents that is shown."""
    shown = printed.high[~printed.is_hidden, :BASE]
    return float(np.nanmax(shown, initial=0.0, where=np.isfinite(shown))) if shown.size else 0.0


def _keys(rows: pd.DataFrame) -> list[Key]:
    return list(zip(rows["municipality_code"], rows["domain"], rows["domain_group"], strict=True))


def _printed_means(means: pd.DataFrame, index: pd.MultiIndex) -> tuple[Floats, Floats]:
    """Return the lowest and highest mean of each cell that its printed mean, interval and difference from all allow."""
    half = MEAN_STEP / 2
    value, lower, upper, gap = (
        pd.Series(np.round(_values(means, index, name), 2), index)
        for name in ("value", "lower", "upper", "difference_to_all")
    )
    middle = (lower + upper) / 2
    low, high = _larger(value, middle) - half, _smaller(value, middle) + half
    is_all = pd.Series(index.get_level_values(0) == ALL_PARTICIPATING, index)
    group = [1, 2]  # levels: domain and group
    # Of all: as every municipality has it. Of a municipality: as all have it.
    low = _larger(low, (low - gap - half).groupby(level=group).transform("max").where(is_all))
    high = _smaller(high, (high - gap + half).groupby(level=group).transform("min").where(is_all))
    low = _larger(low, low.where(is_all).groupby(level=group).transform("max") + gap - half)
    high = _smaller(high, high.where(is_all).groupby(level=group).transform("min") + gap + half)
    return (
        np.asarray(low.fillna(LOWEST) - EPSILON, dtype=np.float64),
        np.asarray(high.fillna(HIGHEST) + EPSILON, dtype=np.float64),
    )


def _larger(one: "pd.Series[float]", other: "pd.Series[float]") -> "pd.Series[float]":
    return pd.concat([one, other], axis=1).max(axis=1)  # the known one, where one is missing


def _smaller(one: "pd.Series[float]", other: "pd.Series[float]") -> "pd.Series[float]":
    return pd.concat([one, other], axis=1).min(axis=1)


def _means_of_the_rest(means: pd.DataFrame) -> dict[tuple[str, str], tuple[str, float, float]]:
    """Return by domain and group the municipality with the largest base that shows its difference from the rest."""
    shown = means[means["difference_to_rest"].notna() & means["value"].notna()]
    shown = shown.sort_values("weighted_base", ascending=False).drop_duplicates(["domain", "domain_group"])
    mean = shown["value"].astype(float).round(2) - shown["difference_to_rest"].astype(float).round(2)
    return {
        (domain, group): (code, value - MEAN_STEP - EPSILON, value + MEAN_STEP + EPSILON)
        for code, domain, group, value in zip(
            shown["municipality_code"], shown["domain"], shown["domain_group"], mean, strict=True
        )
    }


def _values(rows: pd.DataFrame, index: pd.MultiIndex, name: str = "value") -> Floats:
    """Return a column of *rows* in the order of *index*; missing where there is none."""
    if rows.empty:
        return np.full(len(index), np.nan)
    own = pd.Series(rows[name].to_numpy(dtype=float, na_value=np.nan), index=pd.MultiIndex.from_tuples(_keys(rows)))
    values: Floats = own.reindex(index).to_numpy()
    return values


def _share_ends(share: Floats, valid: Floats) -> tuple[Floats, Floats]:
    printed = np.round(share, 3)
    low = np.where(np.isnan(printed), 0.0, np.maximum(printed - SHARE_STEP / 2, 0.0))
    high = np.where(np.isnan(printed), 1.0, np.minimum(printed + SHARE_STEP / 2, 1.0))
    nobody = ~(valid > 0)
    low[nobody], high[nobody] = 0.0, 0.0
    return low, high


def _mean_ends(share_low: Floats, share_high: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest mean of shares within their ends that sum to one."""
    ends = []
    for order in (np.argsort(scores), np.argsort(-scores)):
        left = 1.0 - share_low.sum(axis=1)
        total = share_low @ scores
        for answer in order:
            part = np.clip(left, 0.0, share_high[:, answer] - share_low[:, answer])
            total += part * scores[answer]
            left = left - part
        ends.append(total)
    return ends[0] - EPSILON, ends[1] + EPSILON


def _answers_behind(
    share_low: Floats,
    share_high: Floats,
    low: Floats,
    high: Floats,
    weight: tuple[Floats, Floats],
    *,
    is_scale: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the fewest and most respondents behind each answer, and the least and largest weight."""
    light, heavy = weight[0][:, None], weight[1][:, None]
    n = np.nan_to_num(low[:, [VALID]])
    base_low, base_high = np.nan_to_num(low[:, [BASE]]), np.nan_to_num(high[:, [BASE]])
    w_low, w_high = share_low * base_low, share_high * base_high
    n_low, n_high = np.zeros_like(w_low), np.broadcast_to(n, w_low.shape).copy()
    for _ in range(_PASSES):
        n_low = np.maximum(n_low, np.ceil(w_low / heavy - EPSILON))
        n_high = np.minimum(n_high, np.floor(w_high / light + EPSILON))
        if is_scale:
            n_low = np.maximum(n_low, n - (n_high.sum(axis=1, keepdims=True) - n_high))
            n_high = np.minimum(n_high, n - (n_low.sum(axis=1, keepdims=True) - n_low))
            w_low = np.maximum(w_low, base_low - (w_high.sum(axis=1, keepdims=True) - w_high))
            w_high = np.minimum(w_high, base_high - (w_low.sum(axis=1, keepdims=True) - w_low))
        else:  # those who did not choose an option have weights too
            n_low = np.maximum(n_low, n - np.floor((base_high - w_low) / light + EPSILON))
            n_high = np.minimum(n_high, n - np.ceil((base_low - w_high) / heavy - EPSILON))
        w_low, w_high = np.maximum(w_low, n_low * light), np.minimum(w_high, n_high * heavy)
    return n_low, np.maximum(n_high, n_low), w_low, np.maximum(w_high, w_low)


def _with_top(
    parts: tuple[Floats, Floats, Floats, Floats],
    answers: tuple[str, ...],
    top: Floats,
    base_low: Floats,
    base_high: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return *parts* with what the printed share of the two best answers adds about their weights."""
    best = [number for number, answer in enumerate(answers) if answer in ("4", "5")]
    if len(best) < 2:
        return parts
    n_low, n_high, w_low, w_high = parts
    known = np.isfinite(top)
    total_low = np.where(known, (top - SHARE_STEP / 2) * base_low, -np.inf)
    total_high = np.where(known, (top + SHARE_STEP / 2) * base_high, np.inf)
    for one, other in (best, best[::-1]):
        w_low[:, one] = np.maximum(w_low[:, one], np.minimum(total_low - w_high[:, other], w_high[:, one]))
        w_high[:, one] = np.minimum(w_high[:, one], np.maximum(total_high - w_low[:, other], w_low[:, one]))
    return n_low, n_high, w_low, w_high
