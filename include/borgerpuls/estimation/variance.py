"""
Sampling variance of weighted means, shares and their differences, from one table of counts.

Answers take few values and weights are constant in a weighting cell, so the table cell × group × answer carries every
mean, share and variance. It is reduced once, per municipality, to totals and to a small matrix *spread* whose quadratic
forms are the variances: for scores s and mean ȳ, V = e'·spread·e / Ŵ² with e = s − ȳ. Both variances of the survey have
this form and differ only in a constant K per cell:

* `cells`: cells as strata, K_c = w_c² (1 − r_c/N_c) r_c/(r_c − 1);
* `poststratify`: strata h around cells, residuals centred per cell, K_c = w_c² (1 − r_h/N_h) r_h/(r_h − 1).

V = Σ_c K_c Σ_{i in c} (u_i − ū_c)² with u_i = d_i (y_i − ȳ) / Σ w d. The finite population correction counts answers, not
invitations. A stratum with one answer adds nothing (R `survey`: lonely.psu = "remove"); its estimate says so.

Source: Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, sections 5.5 and 7.6; Lumley (2004), Journal
of Statistical Software 9(8), R package survey.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import CellIsMissing
from borgerpuls.weighting.cells import Collapse, place_in_cells

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BATCH = 2**18
"""Cells × groups × items that are reduced at a time: arrays of about 2 MB stay in the processor's cache."""

ALL = -1
"""The municipality code of all participating municipalities together, in plain files."""


class Variance(StrEnum):
    """Which of the two variances is meant; see the head of this module."""

    CELLS = "cells"
    POSTSTRATIFY = "poststratify"


@dataclass(frozen=True)
class SurveyDesign:
    """
    One round's cells and answers, prepared once for every item.

    Cells are numbered 0..C-1, sorted by municipality and stratum; `cell_of` (n,) is each answer's cell.
    `municipalities` (M,) are the codes of all municipalities asked for, with answers or without; `first_cell` the first
    cell of each municipality in `with_answers` (positions in `municipalities`), `first_stratum` likewise in strata;
    `stratum_start` the first cell of each stratum. `N`, `r`, `weight`, `K` are per cell (C,): persons, answers, persons
    per answer, variance constant. `lonely` marks cells whose stratum has one answer from more than one person.
    """

    municipalities: Ints
    with_answers: Ints
    cell_of: Ints
    first_cell: Ints
    stratum_start: Ints
    first_stratum: Ints
    N: Ints
    r: Ints
    weight: Floats
    K: Floats
    lonely: npt.NDArray[np.bool_]
    variance: Variance

    @property
    def answer_weight(self) -> Floats:
        """Weight per answer (n,), persons."""
        return self.weight[self.cell_of]

    @property
    def population(self) -> int:
        """Persons in the municipalities with answers."""
        return int(self.N.sum())

    def per_municipality(self, per_cell: Floats) -> Floats:
        """Sum the last axis, cells, to all municipalities together and each of them: (..., C) → (..., 1 + M)."""
        return self._spread_out(np.add.reduceat(per_cell, self.first_cell, axis=-1))

    def strata_with(self, per_cell: Floats) -> Ints:
        """Count the strata in which *per_cell* (..., C) is above zero: (..., 1 + M)."""
        if self.variance is Variance.CELLS:
            return self.per_municipality((per_cell > 0).astype(float)).astype(np.int64)
        in_stratum = np.add.reduceat(per_cell, self.stratum_start, axis=-1)
        counts = np.add.reduceat((in_stratum > 0).astype(float), self.first_stratum, axis=-1)
        return self._spread_out(counts).astype(np.int64)

    def _spread_out(self, sums: Floats) -> Floats:
        out = np.zeros((*sums.shape[:-1], 1 + len(self.municipalities)))
        out[..., 1 + self.with_answers] = sums
        out[..., 0] = sums.sum(axis=-1)
        return out


@dataclass(frozen=True)
class Moments:
    """
    What the answers to some items say about every domain, ready for any mean, share or difference.

    The leading axes are items Q, groups G and municipalities 1 + M (position 0 is all together). `basis` functions K of
    an answer: indicators of its categories, or (1, y) for a score.

    Attributes:
        total: Weighted total of each basis function, persons, (K, Q, G, 1 + M).
        spread: Between-answer covariance of the totals, [k][l] for l <= k, each (Q, G, 1 + M), persons².
        one: Coefficients of the constant 1 in the basis, (K,).
        n: Valid answers, (Q, G, 1 + M).
        missing_n: Answers in the domain without a valid value, (Q, G, 1 + M).
        strata_n: Strata with a valid answer, (Q, G, 1 + M).
        lonely_n: Valid answers in strata where no variance can be seen, (Q, G, 1 + M).
        category_n: Valid answers per basis function where these are indicators, (K, Q, G, 1 + M), else None.
        constant: For a score: where all valid answers are equal, (Q, G, 1 + M); for indicators None.
    """

    total: Floats
    spread: Sequence[Sequence[Floats]]
    one: Floats
    n: Ints
    missing_n: Ints
    strata_n: Ints
    lonely_n: Ints
    category_n: Ints | None = None
    constant: npt.NDArray[np.bool_] | None = None

    @property
    def weight(self) -> Floats:
        """Weighted number of persons behind the valid answers, (Q, G, 1 + M)."""
        return combine(self.one, self.total)

    @property
    def df(self) -> Ints:
        """Degrees of freedom: valid answers minus strata with one, (Q, G, 1 + M)."""
        return self.n - self.strata_n

    def of_group(self, position: int) -> "Moments":
        """Return the moments of one group, G = 1."""
        one = slice(position, position + 1)
        return Moments(
            total=self.total[:, :, one],
            spread=[[spread[:, one] for spread in row] for row in self.spread],
            one=self.one,
            n=self.n[:, one],
            missing_n=self.missing_n[:, one],
            strata_n=self.strata_n[:, one],
            lonely_n=self.lonely_n[:, one],
            category_n=None if self.category_n is None else self.category_n[:, :, one],
            constant=None if self.constant is None else self.constant[:, one],
        )

    def mean(self, scores: Sequence[float]) -> Floats:
        """Weighted mean of *scores* (K,) on the basis, (Q, G, 1 + M); NaN where there is no valid answer."""
        weight = self.weight
        mean = np.full(weight.shape, np.nan)
        np.divide(combine(scores, self.total), weight, out=mean, where=self.n > 0)
        return mean

    def quadratic(self, factors: Sequence[Floats]) -> Floats:
        """Return Σ_kl f_k spread_kl f_l for *factors* f_k, each broadcast to (Q, G, 1 + M)."""
        result = np.zeros(self.n.shape)
        for k, row in enumerate(self.spread):
            for l, spread in enumerate(row):  # noqa: E741
                twice = 1.0 if k == l else 2.0
                result += twice * factors[k] * spread * factors[l]
        return np.maximum(result, 0.0)

    def standard_error(self, scores: Sequence[float], mean: Floats) -> Floats:
        """
        Return the standard error of the weighted mean of *scores*, (Q, G, 1 + M).

        Exactly 0 where every valid answer has the same score and where everybody answered; NaN without a valid answer.
        """
        factors = [score - mean * one for score, one in zip(scores, self.one, strict=True)]
        valid = self.n > 0
        error = np.full(mean.shape, np.nan)
        with np.errstate(invalid="ignore"):
            variance = self.quadratic(factors)
        np.divide(np.sqrt(variance), self.weight, out=error, where=valid)
        constant = valid & self._is_constant(scores)
        error[constant] = 0.0
        return error

    def _is_constant(self, scores: Sequence[float]) -> npt.NDArray[np.bool_]:
        """Tell where all valid answers have one score, which rounding would turn into a tiny error."""
        if self.category_n is None:
            return np.zeros(self.n.shape, dtype=bool) if self.constant is None else self.constant
        values = np.asarray(scores, dtype=float)
        same = np.zeros(self.n.shape, dtype=bool)
        for value in np.unique(values):
            same |= self.category_n[values == value].sum(axis=0) == self.n
        return same


def combine(coefficients: Iterable[float], arrays: Floats) -> Floats:
    """Return the linear combination of *arrays* (K, ...), without BLAS and its threads."""
    result = np.zeros(arrays.shape[1:])
    for coefficient, array in zip(coefficients, arrays, strict=True):
        if coefficient:
            result += coefficient * array
    return result


def survey_design(
    respondents: pd.DataFrame,
    collapse: Collapse,
    *,
    municipalities: Sequence[int] | None = None,
    variance: Variance = Variance.CELLS,
) -> SurveyDesign:
    """
    Prepare one round for estimation.

    Args:
        respondents: The round's answers, one row each, with `round, muni, sex, age, tg`.
        collapse: Weighting cells that contain this round, made from the same answers.
        municipalities: Codes to report on, ascending; default the round's own. Those without answers get no figure.
        variance: Which variance.

    Raises:
        CellIsMissing: An answer lies in a raw cell that *collapse* does not have, or cells come from other answers.
    """
    survey_round = respondents["round"].iloc[0]
    cells = collapse.cells[(collapse.cells["round"] == survey_round)]
    place = place_in_cells(cells, respondents)
    if (place < 0).any():
        raise CellIsMissing(
            f"{int((place < 0).sum())} answers lie in cells that the collapse table does not have.",
            where=f"round {survey_round}",
            next_step="Collapse the cells again from these answers.",
        )
    active = cells[cells["cell_r"] > 0]
    table = active.drop_duplicates("cell").sort_values(["muni", "stratum", "cell"])
    labels = table["cell"].to_numpy()
    by_label = np.argsort(labels)
    cell_of = by_label[np.searchsorted(labels, cells["cell"].to_numpy()[place], sorter=by_label)]
    r = np.bincount(cell_of, minlength=len(table))
    if not np.array_equal(r, table["cell_r"].to_numpy()):
        raise CellIsMissing(
            "The cells were collapsed from other answers than these.",
            where=f"round {survey_round}",
            next_step="Collapse the cells again from these answers.",
        )
    muni = table["muni"].to_numpy()
    stratum = table["stratum"].to_numpy()
    codes = np.asarray(sorted(set(cells["muni"])) if municipalities is None else municipalities, dtype=np.int64)
    N = table["cell_N"].to_numpy()
    first_cell = _starts(muni)
    stratum_start = _starts(stratum)
    weight = N / r
    if variance is Variance.CELLS:
        answers, persons = r, N
    else:
        stratum_of = np.repeat(np.arange(len(stratum_start)), np.diff(np.append(stratum_start, len(table))))
        answers = np.add.reduceat(r, stratum_start)[stratum_of]
        persons = np.add.reduceat(N, stratum_start)[stratum_of]
    several = np.maximum(answers - 1, 1)
    K = np.where(answers > 1, weight**2 * ((persons - answers) / persons) * (answers / several), 0.0)
    return SurveyDesign(
        municipalities=codes,
        with_answers=np.searchsorted(codes, muni[first_cell]),
        cell_of=cell_of,
        first_cell=first_cell,
        stratum_start=stratum_start,
        first_stratum=np.searchsorted(stratum_start, first_cell),
        N=N,
        r=r,
        weight=weight,
        K=K,
        lonely=(answers == 1) & (persons > 1),
        variance=variance,
    )


def count_moments(
    design: SurveyDesign,
    codes: Sequence[Ints],
    partitions: Sequence[tuple[Ints, int]],
    *,
    categories: int,
) -> Moments:
    """
    Count answers by cell and group, and reduce the counts.

    Args:
        design: The round.
        codes: Per item the answer of every respondent (n,): 1..*categories* valid, anything else missing.
        partitions: Per partition the group of every respondent (n,), 0..G_p-1 or anything else for no group, and the
            number of groups G_p. The groups of all partitions follow each other on the axis G of the result.
        categories: Number of valid answers K.

    Returns:
        Moments with K indicator functions.
    """
    n_groups = sum(size for _, size in partitions)
    C, per_group = len(design.r), (categories + 1) * len(design.r)
    bases = [
        (np.where((group >= 0) & (group < size), group, size) * per_group + design.cell_of, size)
        for group, size in partitions
    ]
    batch = max(1, BATCH // max(1, n_groups * C))
    parts = [
        _reduce_counts(design, _count(design, codes[start : start + batch], bases, categories))
        for start in range(0, max(1, len(codes)), batch)
    ]
    return parts[0] if len(parts) == 1 else _join_items(parts)


def _count(design: SurveyDesign, codes: Sequence[Ints], bases: Sequence[tuple[Ints, int]], categories: int) -> Floats:
    """Count table (1 + K, Q, G, C); position 0 of the first axis holds the missing."""
    C = len(design.r)
    counts = np.empty((categories + 1, len(codes), sum(size for _, size in bases), C))
    for q, code in enumerate(codes):
        answer = np.where((code >= 1) & (code <= categories), code, 0) * C
        start = 0
        for base, size in bases:
            table = np.bincount(base + answer, minlength=(size + 1) * (categories + 1) * C)
            by_group = table.reshape(size + 1, categories + 1, C)[:size]
            counts[:, q, start : start + size] = by_group.transpose(1, 0, 2)
            start += size
    return counts


def _reduce_counts(design: SurveyDesign, counts: Floats) -> Moments:
    missing, valid = counts[0], counts[1:]
    categories = len(valid)
    n_cell = valid.sum(axis=0)
    per_answer = design.K / design.r
    scaled = valid * np.sqrt(per_answer)
    spread = [
        [-design.per_municipality(scaled[k] * scaled[l]) for l in range(k)]  # noqa: E741
        + [design.per_municipality(per_answer * (valid[k] * (design.r - valid[k])))]
        for k in range(categories)
    ]
    category_n = design.per_municipality(valid).astype(np.int64)
    lonely = design.per_municipality(n_cell * design.lonely) if design.lonely.any() else 0 * category_n[0]
    return Moments(
        total=design.per_municipality(valid * design.weight),
        spread=spread,
        one=np.ones(categories),
        n=category_n.sum(axis=0),
        missing_n=design.per_municipality(missing).astype(np.int64),
        strata_n=design.strata_with(n_cell),
        lonely_n=lonely.astype(np.int64),
        category_n=category_n,
    )


def _join_items(parts: Sequence[Moments]) -> Moments:
    first = parts[0]
    return Moments(
        total=np.concatenate([part.total for part in parts], axis=1),
        spread=[
            [np.concatenate([part.spread[k][l] for part in parts]) for l in range(k + 1)]  # noqa: E741
            for k in range(len(first.spread))
        ],
        one=first.one,
        n=np.concatenate([part.n for part in parts]),
        missing_n=np.concatenate([part.missing_n for part in parts]),
        strata_n=np.concatenate([part.strata_n for part in parts]),
        lonely_n=np.concatenate([part.lonely_n for part in parts]),
        category_n=np.concatenate([part.category_n for part in parts if part.category_n is not None], axis=1),
    )


def score_moments(
    design: SurveyDesign, score: Floats, group: npt.NDArray[np.integer], *, groups: int, centre: float
) -> Moments:
    """
    Sum a score that need not be whole, by cell and group, and reduce the sums.

    Args:
        design: The round.
        score: Score of every respondent (n,); NaN where the person has none.
        group: The group of every respondent (n,): 0..*groups*-1, anything else outside every group.
        groups: Number of groups G.
        centre: A value near the middle of the scores; it keeps rounding small and changes nothing else.

    Returns:
        Moments with Q = 1 and the basis (1, score − centre): the mean of the score is `mean((centre, 1))`.
    """
    C, M = len(design.r), len(design.municipalities)
    size = groups * C
    inside = (group >= 0) & (group < groups)
    valid = inside & ~np.isnan(score)
    key = np.where(inside, group, 0) * C + design.cell_of
    y = score[valid] - centre

    def per_cell(of: Ints, weights: Floats | None = None) -> Floats:
        return np.bincount(of, weights=weights, minlength=size).astype(float).reshape(1, groups, C)

    n, sums, missing = per_cell(key[valid]), per_cell(key[valid], y), per_cell(key[inside & ~valid])
    means = sums / np.maximum(n, 1)
    within = per_cell(key[valid], (y - means.ravel()[key[valid]]) ** 2)
    per_answer = design.K / design.r
    absent = design.r - n
    spread = [
        [design.per_municipality(per_answer * n * absent)],
        [
            design.per_municipality(per_answer * sums * absent),
            design.per_municipality(per_answer * (design.r * within + means * sums * absent)),
        ],
    ]
    last_cell = np.append(design.first_cell[1:], C)
    muni_of = np.repeat(design.with_answers, last_cell - design.first_cell)
    lowest, highest = np.full((groups, 1 + M), np.inf), np.full((groups, 1 + M), -np.inf)
    for column in (1 + muni_of[design.cell_of[valid]], np.zeros(int(valid.sum()), dtype=np.int64)):
        np.minimum.at(lowest, (group[valid], column), y)
        np.maximum.at(highest, (group[valid], column), y)
    return Moments(
        total=np.stack([design.per_municipality(n * design.weight), design.per_municipality(sums * design.weight)]),
        spread=spread,
        one=np.array([1.0, 0.0]),
        n=design.per_municipality(n).astype(np.int64),
        missing_n=design.per_municipality(missing).astype(np.int64),
        strata_n=design.strata_with(n),
        lonely_n=design.per_municipality(n * design.lonely).astype(np.int64),
        constant=(lowest == highest)[None],
    )


def variance_of_total(design: SurveyDesign, influence: Floats) -> Floats:
    """
    Return the variance of the weighted total of any per-person value, answer by answer.

    The plain formula, V = Σ_c K_c Σ_{i in c} (z_i − z̄_c)²: the count tables are checked against it, and a statistic that
    they do not know (a contrast of groups, a regression) is linearised to *influence* and handed here.

    Args:
        design: The round.
        influence: Linearised value per respondent (n,) or several of them (n, k); 0 outside the domain.

    Returns:
        Variance, () or (k,).
    """
    values = influence if influence.ndim == 2 else influence[:, None]
    variances = []
    for z in values.T:
        mean = np.bincount(design.cell_of, weights=z, minlength=len(design.r)) / design.r
        variances.append(float(np.sum(design.K[design.cell_of] * (z - mean[design.cell_of]) ** 2)))
    return np.array(variances) if influence.ndim == 2 else np.float64(variances[0])  # type: ignore[return-value]


def _starts(sorted_codes: npt.NDArray[np.generic]) -> Ints:
    """Return the first position of every run of equal codes."""
    changed = np.append(True, sorted_codes[1:] != sorted_codes[:-1])
    return np.flatnonzero(changed).astype(np.int64)
