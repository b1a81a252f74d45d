"""
Estimates for every domain: weighted means and shares with standard errors and intervals.

A domain is one group of one partition (all, sex, age, ...) in one municipality or in all participating ones. A mean is
Σ w d y / Σ w d over valid answers 1-5, a share likewise. Intervals have coverage 95 %: means by t, shares by t on the
logit scale, with df = valid answers − strata with one. Where a figure or an interval cannot be had, it is missing and
the column `outcome` says why.

Source: Korn & Graubard (1998), Survey Methodology 24(2), 193-201 (intervals for shares); variance.py (standard errors).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit, stdtrit

from borgerpuls.estimation.variance import ALL, Floats, Ints, Moments, SurveyDesign, count_moments, score_moments

Array = npt.NDArray[np.generic]

SCALE = (1, 2, 3, 4, 5)
"""Valid answers to an item, worst to best."""

SATISFIED_FROM = 4
"""`top2` is the share that answered this or better."""

CONFIDENCE = 0.95

DONT_KNOW, NOT_ASKED, BROKEN_OFF = -1, -2, -3
"""Codes in an item's column for answers that are not valid, where they are kept apart; an empty value is any of them."""

KINDS_MISSING = {"dont_know_n": DONT_KNOW, "not_asked_n": NOT_ASKED, "broken_off_n": BROKEN_OFF}


class Outcome(StrEnum):
    """Why a figure or its interval is missing, or what to know about it; first of them that applies."""

    SHOWN = ""
    NOBODY = "no answers in the domain"
    NO_VALID_ANSWERS = "no valid answers"
    NO_DEGREES_OF_FREEDOM = "no degrees of freedom: no interval"
    LONELY_STRATUM = "a stratum has one answer: its variance is counted as 0"


@dataclass(frozen=True)
class Partition:
    """
    A way to split the respondents into groups.

    `column` holds the group's code; None puts everyone in the one group. A respondent whose code is not in `groups` (a
    missing status, the duration of a course that has ended) is in no group.
    """

    name: str
    groups: tuple[int, ...]
    column: str | None = None

    def group_of(self, respondents: pd.DataFrame) -> Ints:
        """Position in `groups` of every respondent (n,), −1 for none."""
        if self.column is None:
            return np.zeros(len(respondents), dtype=np.int64)
        codes = respondents[self.column].to_numpy(dtype=float, na_value=np.nan)
        position = np.full(len(codes), -1, dtype=np.int64)
        for place, code in enumerate(self.groups):
            position[codes == code] = place
        return position


EVERYONE = Partition("all", (1,))


def standard_partitions(target_groups: int = 4, flags: Mapping[str, Sequence[int]] | None = None) -> list[Partition]:
    """
    Return the partitions of every report: all, sex, age, target group, status, duration, then local flags.

    Args:
        target_groups: Number of target groups in the codebook, coded from 0.
        flags: Further columns with their codes, such as a municipality's own groups.
    """
    return [
        EVERYONE,
        Partition("sex", (0, 1), "sex"),
        Partition("age", (0, 1, 2), "age"),
        Partition("tg", tuple(range(target_groups)), "tg"),
        Partition("status", (0, 1), "status"),
        Partition("dur", (0, 1, 2, 3), "dur"),
        *(Partition(name, tuple(codes), name) for name, codes in (flags or {}).items()),
    ]


def item_codes(respondents: pd.DataFrame, item: str) -> Ints:
    """Answers to an item as whole numbers (n,), 0 where the value is missing."""
    values = respondents[item].to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(values), 0, values).astype(np.int64)


def option_codes(respondents: pd.DataFrame, option: str) -> Ints:
    """Multi-select option as categories (n,): 1 chosen, 2 not chosen, 0 not asked or not answered."""
    values = respondents[option].to_numpy(dtype=float, na_value=np.nan)
    return np.select([values == 1, values == 0], [1, 2], 0).astype(np.int64)


def estimate_items(
    design: SurveyDesign,
    respondents: pd.DataFrame,
    items: Sequence[str],
    partitions: Sequence[Partition],
    *,
    keep_missing_apart: bool = False,
) -> pd.DataFrame:
    """
    Estimate means and shares of items in every domain.

    Args:
        design: The round, prepared from the same respondents in the same order.
        respondents: One row per answer; in each item's column 1-5 is valid, all else (empty, `DONT_KNOW`, `NOT_ASKED`,
            `BROKEN_OFF`) is not. The columns of *partitions*.
        items: Names of the items' columns.
        partitions: Ways to split; each gives its groups in order.
        keep_missing_apart: Add `dont_know_n, not_asked_n, broken_off_n`; they and empty values sum to `missing_n`.

    Returns:
        One row per item × partition × group × (all, each municipality), in this order. Columns `question, var, group,
        muni` (−1 all); `n` valid answers; `missing_n` answers in the domain that are not valid; `mean` (1-5),
        `se_mean`, `df`, `lo_mean, hi_mean`; for k = 5..1 the share `pk` (0-1), `se_pk`, `lo_pk, hi_pk`; the same for
        `top2`, the share that answered 4 or 5; `outcome` (see `Outcome`). Missing figures are NaN and have an outcome.
    """
    moments = item_moments(design, respondents, items, partitions)
    apart = None
    if keep_missing_apart:
        kinds = [np.maximum(-item_codes(respondents, item), 0) for item in items]
        apart = count_moments(design, kinds, _groups(respondents, partitions), categories=len(KINDS_MISSING))
    return item_table(design, moments, items, partitions, missing=apart)


def item_moments(
    design: SurveyDesign, respondents: pd.DataFrame, items: Sequence[str], partitions: Sequence[Partition]
) -> Moments:
    """Count the answers 1-5 to *items* in every domain of *partitions*; arguments as `estimate_items`."""
    codes = [item_codes(respondents, item) for item in items]
    return count_moments(design, codes, _groups(respondents, partitions), categories=len(SCALE))


def item_table(
    design: SurveyDesign,
    moments: Moments,
    items: Sequence[str],
    partitions: Sequence[Partition],
    *,
    missing: Moments | None = None,
) -> pd.DataFrame:
    """Lay out the moments of `item_moments` as `estimate_items` does; *missing* counts the kinds of missing answers."""
    columns = _means_and_shares(moments)
    if missing is not None and missing.category_n is not None:
        columns |= {name: missing.category_n[-code - 1] for name, code in KINDS_MISSING.items()}
    return _table(design, "question", items, partitions, columns)


def estimate_options(design: SurveyDesign, respondents: pd.DataFrame, options: Sequence[str]) -> pd.DataFrame:
    """
    Estimate the share choosing each multi-select option, among those who were asked and answered.

    Args:
        design: The round.
        respondents: One row per answer; an option's column is 1 chosen, 0 not chosen, empty not asked.
        options: Names of the options' columns.

    Returns:
        One row per option × (all, each municipality). Columns `option, muni, n, p, se, df, lo, hi, outcome`.
    """
    codes = [option_codes(respondents, option) for option in options]
    moments = count_moments(design, codes, _groups(respondents, [EVERYONE]), categories=2)
    p, se = _with_error(moments, (1.0, 0.0))
    lo, hi = _share_interval(p, se, t_quantile(moments.df))
    columns = {"n": moments.n, "p": p, "se": se, "df": _df(moments), "lo": lo, "hi": hi}
    return _table(design, "option", options, [EVERYONE], columns | {"outcome": outcomes(moments)}).drop(
        columns=["var", "group"]
    )


def estimate_score(
    design: SurveyDesign, respondents: pd.DataFrame, score: pd.Series, partitions: Sequence[Partition]
) -> pd.DataFrame:
    """
    Estimate the mean of any score of a person, such as a category score.

    Args:
        design: The round.
        respondents: One row per answer, with the columns of *partitions*.
        score: Score per respondent (n,), any real numbers, missing where the person has none; order as *respondents*.
        partitions: Ways to split.

    Returns:
        One row per partition × group × (all, each municipality). Columns `question` (the name of *score*), `var, group,
        muni, n, missing_n, mean, se_mean, df, lo_mean, hi_mean, outcome`.
    """
    blocks = []
    for partition in partitions:
        moments, scores = moments_of_score(design, score, partition.group_of(respondents), len(partition.groups))
        blocks.append(_mean_columns(moments, scores, t_quantile(moments.df)) | {"outcome": outcomes(moments)})
    columns = {name: np.concatenate([block[name] for block in blocks], axis=1) for name in blocks[0]}
    return _table(design, "question", [str(score.name)], partitions, columns)


def moments_of_score(
    design: SurveyDesign, score: pd.Series, group: npt.NDArray[np.integer], groups: int
) -> tuple[Moments, tuple[float, float]]:
    """Return the moments of a score and the coefficients of its mean in them, for `Moments.mean` and comparisons."""
    values = score.to_numpy(dtype=float, na_value=np.nan)
    known = values[~np.isnan(values)]
    centre = float(known.mean()) if known.size else 0.0
    return score_moments(design, values, group, groups=groups, centre=centre), (centre, 1.0)


def t_quantile(df: npt.NDArray[np.generic]) -> Floats:
    """Return the two-sided t quantile at `CONFIDENCE` for each df, NaN where df <= 0."""
    values, place = np.unique(df, return_inverse=True)
    quantile = np.full(values.shape, np.nan)
    usable = values > 0
    quantile[usable] = stdtrit(values[usable].astype(float), 0.5 + CONFIDENCE / 2)
    return quantile[place].reshape(df.shape)


def outcomes(moments: Moments) -> Ints:
    """Return the position in `Outcome` of what there is to say about every domain (Q, G, 1 + M)."""
    conditions = [
        moments.n + moments.missing_n == 0,
        moments.n == 0,
        moments.df <= 0,
        moments.lonely_n > 0,
    ]
    return np.select(conditions, [1, 2, 3, 4], 0).astype(np.int64)


def _groups(respondents: pd.DataFrame, partitions: Sequence[Partition]) -> list[tuple[Ints, int]]:
    return [(partition.group_of(respondents), len(partition.groups)) for partition in partitions]


def _share_interval(p: Floats, se: Floats, quantile: Floats) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore"):
        possible = ~np.isnan(quantile) & (p > 0) & (p < 1) & (se > 0)
    low, high = np.full(p.shape, np.nan), np.full(p.shape, np.nan)
    share, error = p[possible], se[possible]
    half = quantile[possible] * error / (share * (1 - share))
    middle = logit(share)
    low[possible], high[possible] = expit(middle - half), expit(middle + half)
    return low, high


def _means_and_shares(moments: Moments) -> dict[str, Array]:
    quantile = t_quantile(moments.df)
    columns = _mean_columns(moments, [float(value) for value in SCALE], quantile)
    for value in reversed(SCALE):
        p, se = _one_share(moments, value - 1)
        columns |= _share_columns(f"p{value}", p, se, quantile)
    top2, se = _with_error(moments, [float(value >= SATISFIED_FROM) for value in SCALE])
    return columns | _share_columns("top2", top2, se, quantile) | {"outcome": outcomes(moments)}


def _one_share(moments: Moments, k: int) -> tuple[Floats, Floats]:
    indicator = [float(k == other) for other in range(len(moments.one))]
    return _with_error(moments, indicator)


def _mean_columns(moments: Moments, scores: Sequence[float], quantile: Floats) -> dict[str, Array]:
    mean, se = _with_error(moments, scores)
    half = quantile * se
    return {
        "n": moments.n,
        "missing_n": moments.missing_n,
        "mean": mean,
        "se_mean": se,
        "df": _df(moments),
        "lo_mean": mean - half,
        "hi_mean": mean + half,
    }


def _share_columns(name: str, p: Floats, se: Floats, quantile: Floats) -> dict[str, Array]:
    lo, hi = _share_interval(p, se, quantile)
    return {name: p, f"se_{name}": se, f"lo_{name}": lo, f"hi_{name}": hi}


def _with_error(moments: Moments, scores: Sequence[float]) -> tuple[Floats, Floats]:
    mean = moments.mean(scores)
    return mean, moments.standard_error(scores, mean)


def _df(moments: Moments) -> Floats:
    return np.where(moments.n > 0, moments.df, np.nan)


def _table(
    design: SurveyDesign,
    what: str,
    names: Sequence[str],
    partitions: Sequence[Partition],
    columns: Mapping[str, Array],
) -> pd.DataFrame:
    """Lay arrays (Q, G, 1 + M) out as rows name × partition × group × municipality."""
    munis = np.append(ALL, design.municipalities)
    ways = [partition.name for partition in partitions]
    way = np.repeat(np.arange(len(ways)), [len(partition.groups) for partition in partitions])
    codes = np.array([code for partition in partitions for code in partition.groups], dtype=np.int64)
    Q, G, M = len(names), len(codes), len(munis)
    labels = {
        what: pd.array(list(names), dtype="str").take(np.repeat(np.arange(Q), G * M)),
        "var": pd.array(ways, dtype="str").take(np.tile(np.repeat(way, M), Q)),
        "group": np.tile(np.repeat(codes, M), Q),
        "muni": np.tile(munis, Q * G),
    }
    values: dict[str, object] = {name: array.ravel() for name, array in columns.items()}
    values["outcome"] = pd.array(list(Outcome), dtype="str").take(columns["outcome"].ravel().astype(np.int64))
    return pd.DataFrame(labels | values)
