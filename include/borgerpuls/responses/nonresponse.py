"""
Who did not answer: frame, sample and respondents side by side, the R-indicator, and early against late respondents.

The R-indicator R = 1 − 2·S(ρ) is 1 when everybody is equally likely to answer, as far as the register can tell; S is
the standard deviation of the response propensities in the population, here from a logistic model with main effects,
fitted to the sample with design weights. S is too large in small samples, because fitted propensities vary by chance;
the adjustment takes that out. Partial indicators say which variable, and which category, the lack comes from.

Source: Schouten, Cobben & Bethlehem (2009), Survey Methodology 35(1), 101-113 (R); Shlomo, Skinner & Schouten (2012),
Journal of Statistical Planning and Inference 142(1), 201-211 (adjustment); Schouten, Shlomo & Skinner (2011), Journal
of Official Statistics 27(2), 231-253 (partial indicators).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import ColumnIsMissing, PropensityIsNotEstimable

Floats = npt.NDArray[np.float64]

_RIDGE = 1e-6  # keeps the fit finite where a category has all or no answers; moves other coefficients by < 1e-5
_TOLERANCE = 1e-9
_MAX_STEPS = 100


@dataclass(frozen=True)
class Representativity:
    """
    How representative the respondents are, by the register.

    Attributes:
        r_indicator: R, 0-1, adjusted for the size of the sample; 1 is fully representative.
        r_unadjusted: R before the adjustment.
        propensity_sd: Standard deviation of the propensities in the population, adjusted.
        response_rate: Weighted share of the sample that answered.
        variables: One row per variable: `variable`, `unconditional`, `conditional` (partial indicators, 0 and up).
        categories: One row per category: `variable`, `category`, `population_share`, `mean_propensity`,
            `unconditional` (below 0: under-represented).
    """

    r_indicator: float
    r_unadjusted: float
    propensity_sd: float
    response_rate: float
    variables: pd.DataFrame
    categories: pd.DataFrame


def compare_stages(frame: pd.DataFrame, variables: Sequence[str]) -> pd.DataFrame:
    """
    Put frame, sample and respondents side by side for every category of every register variable.

    Args:
        frame: One row per person in the population: *variables*, `is_sampled`, `is_respondent` (bool), and
            `selection_probability` (0-1] for the sampled.
        variables: Register variables to show.

    Returns:
        One row per variable × category: `variable`, `category`, `frame_n`, `sample_n`, `respondents_n` (persons),
        `frame_share`, `sample_share`, `weighted_sample_share` (with 1 / selection probability), `respondents_share`,
        `response_share` (respondents of the sampled; missing where nobody was sampled).

    Raises:
        ColumnIsMissing: A column is absent.
    """
    _require(frame, [*variables, "is_sampled", "is_respondent", "selection_probability"])
    sampled = frame["is_sampled"].to_numpy(dtype=bool)
    answered = frame["is_respondent"].to_numpy(dtype=bool) & sampled
    probability = frame["selection_probability"].to_numpy(dtype=float, na_value=np.nan)
    weight = np.divide(1.0, probability, out=np.zeros(len(frame)), where=sampled)
    tables = []
    for variable in variables:
        sums = (
            pd.DataFrame(
                {
                    "category": frame[variable].to_numpy(),
                    "frame_n": 1,
                    "sample_n": sampled.astype(int),
                    "respondents_n": answered.astype(int),
                    "weight": weight,
                }
            )
            .groupby("category", sort=True)
            .sum()
            .reset_index()
        )
        sums.insert(0, "variable", variable)
        for count, share in (
            ("frame_n", "frame_share"),
            ("sample_n", "sample_share"),
            ("weight", "weighted_sample_share"),
            ("respondents_n", "respondents_share"),
        ):
            sums[share] = sums[count] / total if (total := sums[count].sum()) else np.nan
        sums["response_share"] = sums["respondents_n"] / sums["sample_n"].where(sums["sample_n"] > 0)
        tables.append(sums.drop(columns="weight"))
    return pd.concat(tables, ignore_index=True)


def response_propensities(
    sample: pd.DataFrame, variables: Sequence[str], *, weight: pd.Series | None = None
) -> pd.Series:
    """
    Return each sampled person's probability of answering, by a logistic model with main effects.

    Args:
        sample: One row per sampled person: *variables* (categories) and `is_respondent`.
        variables: Register variables of the model.
        weight: Persons in the population each stands for (index as *sample*); default 1.

    Returns:
        Propensity per person, 0-1, index as *sample*.

    Raises:
        ColumnIsMissing: A column is absent.
        PropensityIsNotEstimable: Nobody or everybody answered, or the fit does not settle.
    """
    _require(sample, [*variables, "is_respondent"])
    x = _dummies(sample, variables)
    rho = _fit(x, sample["is_respondent"].to_numpy(dtype=float), _weights(sample, weight))
    return pd.Series(rho, index=sample.index, name="propensity")


def representativity(
    sample: pd.DataFrame, variables: Sequence[str], *, weight: pd.Series | None = None
) -> Representativity:
    """
    Return the R-indicator with its partial indicators. Arguments and errors as `response_propensities`.

    The partial indicators are not adjusted for sample size; compare them with each other, not between small rounds.
    """
    _require(sample, [*variables, "is_respondent"])
    d = _weights(sample, weight)
    N, n = float(d.sum()), len(sample)
    x = _dummies(sample, variables)
    answered = sample["is_respondent"].to_numpy(dtype=float)
    rho = _fit(x, answered, d)
    mean = float(d @ rho / N)
    S2 = float(d @ (rho - mean) ** 2 / max(N - 1.0, 1.0))
    adjusted = max((1.0 + 1.0 / n - 1.0 / N) * S2 - _chance_variance(x, rho), 0.0)
    categories = pd.concat([_by_category(sample[variable], rho, d, mean) for variable in variables], ignore_index=True)
    rows = []
    for variable in variables:
        own = categories.loc[categories["variable"] == variable, "unconditional"]
        others = [other for other in variables if other != variable]
        within = sample.groupby(others, sort=False, observed=True).ngroup().to_numpy() if others else np.zeros(n, int)
        cell_mean = np.bincount(within, weights=d * rho) / np.bincount(within, weights=d)
        conditional = float(np.sqrt(d @ (rho - cell_mean[within]) ** 2 / max(N - 1.0, 1.0)))
        rows.append((variable, float(np.sqrt((own**2).sum())), conditional))
    return Representativity(
        r_indicator=1.0 - 2.0 * float(np.sqrt(adjusted)),
        r_unadjusted=1.0 - 2.0 * float(np.sqrt(S2)),
        propensity_sd=float(np.sqrt(adjusted)),
        response_rate=float(d @ answered / N),
        variables=pd.DataFrame(rows, columns=["variable", "unconditional", "conditional"]),
        categories=categories,
    )


@dataclass(frozen=True)
class CellRepresentativity:
    """R, adjusted for the size of the sample, its standard error, and the unconditional partial indicator by variable."""

    r_indicator: float
    standard_error: float
    partial: dict[str, float]


def representativity_of_cells(
    cells: pd.DataFrame,
    sampled: pd.Series,
    answered: pd.Series,
    population: pd.Series,
    *,
    replicates: int = 100,
    seed: int = 1,
) -> CellRepresentativity:
    """
    Return the R-indicator of a sample counted by cell, with its error.

    The same model and adjustment as `representativity`, each sampled person weighted by population over sampled of the
    cell. The error is that of R over answers drawn again from the fitted propensities, cell by cell.

    Args:
        cells: One row per cell, one column per register variable.
        sampled: Persons sampled per cell, > 0.
        answered: Of them, those who answered.
        population: Persons in the population per cell.
        replicates: How often answers are drawn again.
        seed: Of those draws.

    Raises:
        PropensityIsNotEstimable: Nobody or everybody answered.
    """
    x = _dummies(cells, list(cells.columns))
    n, y, N = (column.to_numpy(dtype=float) for column in (sampled, answered, population))
    if y.sum() in (0.0, n.sum()):
        raise PropensityIsNotEstimable("Nobody or everybody answered.", where="The R-indicator")
    rho = _fit_counts(x, n, y[None], N / n)
    again = np.random.default_rng(seed).binomial(n.astype(np.int64), rho[0].clip(0, 1), (replicates, len(n)))
    usable = again[(again.sum(axis=1) > 0) & (again.sum(axis=1) < n.sum())].astype(float)
    redrawn = _r_of_counts(x, n, _fit_counts(x, n, usable, N / n), N)
    deviation = rho[0] - (N @ rho[0]) / N.sum()
    partial = {}
    for name in cells.columns:
        codes = pd.factorize(cells[name])[0]
        persons = np.bincount(codes, weights=N)
        partial[str(name)] = float(np.sqrt((np.bincount(codes, weights=N * deviation) ** 2 / persons).sum() / N.sum()))
    return CellRepresentativity(float(_r_of_counts(x, n, rho, N)[0]), float(redrawn.std(ddof=1)), partial)


def _fit_counts(x: Floats, n: Floats, y: Floats, d: Floats) -> Floats:
    """Return fitted propensities (B, K) of many sets of answers (B, K) to the same cells, by Newton steps."""
    w = d * n / (d @ n / n.sum())
    share = y / n
    ridge = np.full(x.shape[1], _RIDGE * w.sum())
    ridge[0] = 0.0
    beta = np.zeros((len(y), x.shape[1]))
    start = share @ w / w.sum()
    beta[:, 0] = np.log(start / (1.0 - start))
    for _ in range(_MAX_STEPS):
        rho = 1.0 / (1.0 + np.exp(-np.clip(beta @ x.T, -30.0, 30.0)))
        gradient = (w * (share - rho)) @ x - ridge * beta
        information = np.einsum("kp,bk,kq->bpq", x, w * rho * (1.0 - rho), x, optimize=True)
        information += np.diag(np.maximum(ridge, 1e-12))
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        beta += np.clip(step, -4.0, 4.0)
        if np.abs(step).max() < _TOLERANCE:
            break
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(beta @ x.T, -30.0, 30.0))))


def _r_of_counts(x: Floats, n: Floats, rho: Floats, N: Floats) -> Floats:
    """Return the adjusted R of each set of propensities (B, K)."""
    persons, total = n.sum(), N.sum()
    mean = rho @ N / total
    S2 = ((rho - mean[:, None]) ** 2 @ N) / max(total - 1.0, 1.0)
    spread = n * rho * (1.0 - rho)
    inverse = np.linalg.pinv(np.einsum("kp,bk,kq->bpq", x, spread, x, optimize=True))
    chance = np.einsum("bk,kp,bpq,kq->b", spread * rho * (1.0 - rho), x, inverse, x, optimize=True) / persons
    adjusted = np.maximum((1.0 + 1.0 / persons - 1.0 / total) * S2 - chance, 0.0)
    return np.asarray(1.0 - 2.0 * np.sqrt(adjusted))


def early_against_late(score: pd.Series, weight: pd.Series, wave: pd.Series) -> pd.DataFrame:
    """
    Compare those who answered after each contact: if the late differ, so may those who never answered.

    Args:
        score: Score per respondent, missing where not valid.
        weight: Persons in the population per respondent (index as *score*).
        wave: Number of the contact each answered after, 0 the invitation (index as *score*).

    Returns:
        One row per wave, in order: `wave`, `n` (valid answers), `mean`, `standard_error`, `cumulative_n`,
        `cumulative_mean` (of this wave and the earlier ones), `difference_from_first` and `difference_se` (missing for
        the first wave). Standard errors treat answers as drawn with replacement: slightly too wide.
    """
    valid = score.notna().to_numpy()
    y = score.to_numpy(dtype=float, na_value=np.nan)[valid]
    w = weight.to_numpy(dtype=float)[valid]
    of_wave = wave.to_numpy()[valid]
    rows: list[dict[str, float]] = []
    for number in np.unique(of_wave):
        here, until = of_wave == number, of_wave <= number
        mean, se = _mean_with_error(y[here], w[here])
        first_mean, first_se = (rows[0]["mean"], rows[0]["standard_error"]) if rows else (np.nan, np.nan)
        rows.append(
            {
                "wave": int(number),
                "n": int(here.sum()),
                "mean": mean,
                "standard_error": se,
                "cumulative_n": int(until.sum()),
                "cumulative_mean": _mean_with_error(y[until], w[until])[0],
                "difference_from_first": mean - first_mean,
                "difference_se": float(np.hypot(se, first_se)),
            }
        )
    columns = ["wave", "n", "mean", "standard_error", "cumulative_n", "cumulative_mean"]
    return pd.DataFrame(rows, columns=[*columns, "difference_from_first", "difference_se"])


def _mean_with_error(y: Floats, w: Floats) -> tuple[float, float]:
    mean = float(w @ y / w.sum())
    if len(y) < 2:
        return mean, float("nan")
    u = w * (y - mean) / w.sum()
    return mean, float(np.sqrt(len(y) / (len(y) - 1.0) * (u @ u)))


def _dummies(sample: pd.DataFrame, variables: Sequence[str]) -> Floats:
    columns = [np.ones(len(sample))]
    for variable in variables:
        codes, categories = pd.factorize(sample[variable], sort=True)
        if (codes < 0).any():
            raise PropensityIsNotEstimable(
                f"Register variable {variable!r} is missing for {int((codes < 0).sum())} sampled persons.",
                where="The nonresponse analysis",
                next_step="Give the missing value a category of its own.",
            )
        columns += [(codes == code).astype(float) for code in range(1, len(categories))]
    return np.column_stack(columns)


def _fit(x: Floats, answered: Floats, d: Floats) -> Floats:
    """Return fitted propensities: Newton steps (iteratively reweighted least squares), halved where they overshoot."""
    if answered.all() or not answered.any():
        raise PropensityIsNotEstimable(
            "Everybody answered." if answered.all() else "Nobody answered.",
            where="The nonresponse analysis",
            next_step="There is no nonresponse to model; leave the R-indicator out.",
        )
    w = d / d.mean()
    ridge = np.full(x.shape[1], _RIDGE * w.sum())
    ridge[0] = 0.0
    beta = np.zeros(x.shape[1])
    beta[0] = np.log((w @ answered) / (w @ (1.0 - answered)))

    def objective(b: Floats) -> float:
        eta = x @ b
        return float(w @ (np.logaddexp(0.0, eta) - answered * eta) + 0.5 * ridge @ b**2)

    value = objective(beta)
    for _ in range(_MAX_STEPS):
        rho = 1.0 / (1.0 + np.exp(-(x @ beta)))
        gradient = x.T @ (w * (answered - rho)) - ridge * beta
        information = (x * (w * rho * (1.0 - rho))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        size = 1.0
        while objective(beta + size * step) > value + 1e-12 * abs(value) and size > 1e-6:
            size /= 2.0
        beta = beta + size * step
        value = objective(beta)
        if np.abs(step).max() < _TOLERANCE:
            return np.asarray(1.0 / (1.0 + np.exp(-(x @ beta))))
    raise PropensityIsNotEstimable(
        f"The response model did not settle in {_MAX_STEPS} steps.",
        where="The nonresponse analysis",
        next_step="Leave out variables that say the same, or merge categories with very few sampled persons.",
    )


def _chance_variance(x: Floats, rho: Floats) -> float:
    """Return the part of the propensities' variance that comes from estimating them (Shlomo et al. 2012, eq. 10)."""
    z = x * (rho * (1.0 - rho))[:, None]
    inverse = np.linalg.pinv(z.T @ x)
    return float(np.einsum("ij,jk,ik->i", z, inverse, z).mean())


def _by_category(values: pd.Series, rho: Floats, d: Floats, mean: float) -> pd.DataFrame:
    codes, categories = pd.factorize(values, sort=True)
    persons = np.bincount(codes, weights=d)
    means = np.bincount(codes, weights=d * rho) / persons
    share = persons / d.sum()
    return pd.DataFrame(
        {
            "variable": str(values.name),
            "category": np.asarray(categories, dtype=object),
            "population_share": share,
            "mean_propensity": means,
            "unconditional": np.sqrt(share) * (means - mean),
        }
    )


def _weights(sample: pd.DataFrame, weight: pd.Series | None) -> Floats:
    return np.ones(len(sample)) if weight is None else weight.to_numpy(dtype=float)


def _require(table: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in table.columns:
            raise ColumnIsMissing(
                f"Column {column!r} is missing.",
                where="The nonresponse analysis",
                next_step=f"It needs {', '.join(columns)}.",
            )
