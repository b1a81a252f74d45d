"""
Ranks of municipalities, with what sampling leaves open: intervals, ties and probabilities.

A rank is a fragile number. The interval of a municipality's rank counts only those that are surely better or surely
worse: pairwise differences with one critical value for all pairs, so that all intervals hold together with the stated
confidence. Probabilities ("among the best five") shrink the estimates towards their mean first; unshrunk they would be
too sure. Municipalities' estimates are independent, as cells lie inside municipalities.

Source: Mogstad, Romano, Shaikh & Wilhelm (2024), Review of Economic Studies 91(1), 476-518 (intervals from pairwise
differences); Klein, Wright & Wieczorek (2020), JRSS A 183(2), 589-606 (joint confidence of a ranking); Laird & Louis
(1989), Journal of Educational Statistics 14(1), 29-46 (empirical Bayes ranks).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import CodeIsOutOfRange

Floats = npt.NDArray[np.float64]

NOT_RANKED = "no figure or no standard error: not ranked"
DRAWS = 20_000
_TINY = 1e-18
_SEED = 20230918  # any fixed number: the same figures give the same ranks


def rank_intervals(
    names: pd.Series, mean: pd.Series, se: pd.Series, *, confidence: float = 0.95, draws: int = DRAWS
) -> pd.DataFrame:
    """
    Rank municipalities from best to worst, with joint rank intervals and the ties that cannot be broken.

    Args:
        names: Name of each municipality, shape (n,).
        mean: Estimate of each (index as *names*); the highest has rank 1.
        se: Its standard error, same unit, >= 0. A municipality with a missing figure is not ranked; it says so.
        confidence: Joint confidence of all intervals together.
        draws: Simulated sets of errors behind the critical value.

    Returns:
        Index as *names*, columns `name`, `rank` (of the estimates; equal estimates share the best rank), `lowest_rank`
        and `highest_rank` (the interval; 1 is best, so `lowest_rank` <= `rank` <= `highest_rank`), `tied_with` (names
        of those it cannot be told from, in the order of the estimates), `outcome`.

    Raises:
        CodeIsOutOfRange: A standard error is negative.
    """
    y, s, ranked = _figures(mean, se)
    known, error = y[ranked], s[ranked]
    critical = _critical_value(error, confidence, draws)
    spread = np.sqrt(error[:, None] ** 2 + error[None, :] ** 2)
    gap = known[:, None] - known[None, :]  # row minus column
    better = gap < -critical * spread - 1e-12  # the column is surely better than the row
    worse = gap > critical * spread + 1e-12
    label = names.to_numpy(dtype=object)[ranked]
    order = np.argsort(-known, kind="stable")
    undecided = ~better & ~worse
    np.fill_diagonal(undecided, val=False)
    rows = pd.DataFrame(
        {
            "rank": 1 + (gap < 0).sum(axis=1),
            "lowest_rank": 1 + better.sum(axis=1),
            "highest_rank": len(known) - worse.sum(axis=1),
            "tied_with": [", ".join(str(label[j]) for j in order if undecided[i, j]) for i in range(len(known))],
        },
        index=names.index[ranked],
    ).reindex(names.index)
    counts = ["rank", "lowest_rank", "highest_rank"]
    rows[counts] = rows[counts].astype("Int64")
    rows["tied_with"] = rows["tied_with"].astype(object).where(ranked, "")
    rows.insert(0, "name", names)
    rows["outcome"] = np.where(ranked, "", NOT_RANKED)
    return rows


def rank_probabilities(
    mean: pd.Series, se: pd.Series, *, draws: int = DRAWS, seed: int = _SEED, shrink: bool = True
) -> pd.DataFrame:
    """
    Return the probability of each rank for each municipality.

    Args:
        mean: Estimate of each, shape (n,); the highest has rank 1.
        se: Its standard error, same unit, >= 0; a municipality with a missing figure is left out (row of missing).
        draws: Simulated sets of true scores.
        seed: Seed of the simulation; the same arguments give the same probabilities.
        shrink: Draw from the empirical Bayes posterior, mean and variance between municipalities estimated from the
            estimates themselves; else from the estimates as they stand.

    Returns:
        Index as *mean*, columns 1..m (m municipalities with a figure): probability 0-1; every row sums to 1.
    """
    y, s, ranked = _figures(mean, se)
    known, error = y[ranked], s[ranked]
    centre, spread = (_posterior(known, error) if shrink else (known, error)) if known.size else (known, error)
    drawn = np.random.default_rng(seed).normal(centre, spread, size=(draws, len(known)))
    rank = (-drawn).argsort(axis=1).argsort(axis=1)
    probability = np.full((len(y), len(known)), np.nan)
    probability[ranked] = [np.bincount(rank[:, i], minlength=len(known)) / draws for i in range(len(known))]
    return pd.DataFrame(probability, index=mean.index, columns=np.arange(1, len(known) + 1))


def _figures(mean: pd.Series, se: pd.Series) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    y, s = mean.to_numpy(dtype=float, na_value=np.nan), se.to_numpy(dtype=float, na_value=np.nan)
    if (s < 0).any():
        raise CodeIsOutOfRange(
            f"{int((s < 0).sum())} standard errors are negative.",
            where="The figures to rank",
            next_step="Give standard errors, not differences.",
        )
    return y, s, ~np.isnan(y) & ~np.isnan(s)


def _critical_value(error: Floats, confidence: float, draws: int) -> float:
    """Return the quantile of the largest standardised difference over all pairs when all are truly equal."""
    if len(error) < 2 or not (error > 0).any():
        return 0.0
    first, second = np.triu_indices(len(error), 1)
    spread = np.sqrt(error[first] ** 2 + error[second] ** 2)
    usable = spread > 0
    first, second, spread = first[usable], second[usable], spread[usable]
    generator = np.random.default_rng(_SEED)
    largest = np.empty(draws)
    for start in range(0, draws, 500):
        drawn = generator.normal(0.0, error, size=(min(500, draws - start), len(error)))
        gaps = np.abs(drawn[:, first] - drawn[:, second]) / spread
        largest[start : start + len(drawn)] = gaps.max(axis=1)
    return float(np.quantile(largest, confidence))


def _posterior(y: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Return posterior means and standard deviations; the uncertainty of the common mean is added."""
    tau2 = _between_variance(y, s)
    if tau2 is None:
        return y, s
    weight = 1.0 / np.maximum(s**2 + tau2, _TINY)
    shrinkage = s**2 * weight
    variance = s**2 * (1 - shrinkage) + shrinkage**2 / weight.sum()
    return y + shrinkage * (weight @ y / weight.sum() - y), np.sqrt(np.maximum(variance, 0.0))


def _between_variance(y: Floats, s: Floats) -> float | None:
    """
    Return the variance τ² between municipalities that solves Σ (y − μ)² / (s² + τ²) = n − 1, or None for n < 3.

    0 where they do not differ more than sampling explains. Source: Paule & Mandel (1982), Journal of Research of the
    National Bureau of Standards 87(5), 377-385.
    """
    if len(y) < 3:
        return None
    from scipy.optimize import brentq

    def excess(tau2: float) -> float:
        weight = 1.0 / np.maximum(s**2 + tau2, _TINY)
        return float(weight @ (y - weight @ y / weight.sum()) ** 2 - (len(y) - 1))

    return float(brentq(excess, 0.0, float(np.ptp(y)) ** 2)) if excess(0.0) > 0 else 0.0
