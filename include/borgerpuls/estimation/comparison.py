"""
Comparisons: a municipality with all participating, with the rest, and one round with another.

A difference of means is linearised and gets the variance of the estimates themselves, so the municipality's part in the
whole is accounted for: z_i = d_mi (y_i − ȳ_m) / Ŵ_m − d_i (y_i − ȳ) / Ŵ. Cells lie inside municipalities, so the
municipality and the rest are independent, and the degrees of freedom of their difference follow Satterthwaite. Rounds
are taken as independent, which is cautious where people return.

Source: Woodruff (1971), JASA 66(334), 411-414 (linearisation); Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, stdtr

from borgerpuls.estimation.multiplicity import adjust_false_discovery
from borgerpuls.estimation.variance import ALL, Floats, Moments, SurveyDesign, combine, variance_of_total


class DifferenceOutcome(StrEnum):
    """Why a test is missing, or what to know about it; first of them that applies."""

    TESTED = ""
    NOTHING_TO_COMPARE = "no valid answers on one side"
    NO_VARIANCE = "standard error is 0: no test"
    NO_DEGREES_OF_FREEDOM = "no degrees of freedom: no t test"
    LONELY_STRATUM = "a stratum has one answer: its variance is counted as 0"


MUNI_VS_NATIONAL = "muni_vs_national"
MUNI_VS_REST = "muni_vs_rest"


def round_difference_type(later: object, earlier: object) -> str:
    """Return the `type` of a comparison of two rounds."""
    return f"round{later}_minus_round{earlier}"


@dataclass(frozen=True)
class Differences:
    """
    Differences (Q, G, M), one per item, group and municipality; NaN where a side has no valid answer.

    `outcome` is the position in `DifferenceOutcome`.
    """

    difference: Floats
    standard_error: Floats
    df: Floats
    outcome: npt.NDArray[np.int64]

    @property
    def z(self) -> Floats:
        """Difference over its standard error, NaN where that is 0."""
        z = np.full(self.difference.shape, np.nan)
        np.divide(self.difference, self.standard_error, out=z, where=self.standard_error > 0)
        return z

    @property
    def p_norm(self) -> Floats:
        """Two-sided normal p-value."""
        p: Floats = 2 * ndtr(-np.abs(self.z))
        return p

    @property
    def p_t(self) -> Floats:
        """Two-sided t p-value, NaN without degrees of freedom."""
        usable = self.df > 0
        p = np.full(self.difference.shape, np.nan)
        p[usable] = 2 * stdtr(self.df[usable], -np.abs(self.z[usable]))
        return p


def compare_with_all(moments: Moments, scores: Sequence[float]) -> Differences:
    """Compare each municipality's mean of *scores* with that of all participating, itself included."""
    own, rest = _split(moments)
    mean, overall = moments.mean(scores)[..., 1:], moments.mean(scores)[..., :1]
    W_m, W = moments.weight[..., 1:], moments.weight[..., :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        V_m = own.variance(1 / W_m - 1 / W, mean / W_m - overall / W, scores)
        V_rest = rest.variance(-1 / W, -overall / W, scores)
    nothing = (moments.n[..., 1:] == 0) | (moments.n[..., :1] == 0)
    return _difference(mean - overall, V_m, V_rest, own, rest, nothing)


def compare_with_rest(moments: Moments, scores: Sequence[float]) -> Differences:
    """Compare each municipality's mean of *scores* with that of all the other participating ones."""
    own, rest = _split(moments)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, others = own.mean(scores), rest.mean(scores)
        V_m = own.variance(1 / own.weight, mean / own.weight, scores)
        V_rest = rest.variance(-1 / rest.weight, -others / rest.weight, scores)
    nothing = (own.n == 0) | (rest.n == 0)
    return _difference(mean - others, V_m, V_rest, own, rest, nothing)


def compare_rounds(
    later: Moments, earlier: Moments, scores: Sequence[float], earlier_scores: Sequence[float] | None = None
) -> Differences:
    """
    Compare the means of two independent rounds, for all participating and each municipality: (Q, G, 1 + M).

    Both have the same items, groups and municipalities. *earlier_scores* are the coefficients in the earlier round where
    they differ, as those of a score do.
    """
    before_scores = scores if earlier_scores is None else earlier_scores
    after, before = later.mean(scores), earlier.mean(before_scores)
    V_after = later.standard_error(scores, after) ** 2
    V_before = earlier.standard_error(before_scores, before) ** 2
    nothing = (later.n == 0) | (earlier.n == 0)
    return _difference(after - before, V_after, V_before, _Part.of(later), _Part.of(earlier), nothing)


def compare_groups(
    design: SurveyDesign, score: Floats, in_first: npt.NDArray[np.bool_], in_second: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """
    Return the difference of two domains' means and its standard error; the domains may overlap and share cells.

    Args:
        design: The round.
        score: Score per respondent (n,), NaN where not valid.
        in_first: Who is in the first domain (n,).
        in_second: Who is in the second domain (n,).
    """
    weight, valid = design.answer_weight, ~np.isnan(score)
    y = np.where(valid, score, 0.0)
    influence, means = np.zeros(len(score)), []
    for domain, sign in ((in_first & valid, 1.0), (in_second & valid, -1.0)):
        total = float(weight[domain].sum())
        mean = float(weight[domain] @ y[domain]) / total if total > 0 else float("nan")
        influence += sign * domain * (y - mean) / (total or 1.0)
        means.append(mean)
    return means[0] - means[1], float(np.sqrt(variance_of_total(design, influence)))


def difference_table(differences: Differences, items: Sequence[str], munis: npt.NDArray[np.generic]) -> pd.DataFrame:
    """Lay out differences of the one group G = 1 as rows item × municipality, leaving out those without own answers."""
    Q, M = len(items), len(munis)
    columns = {
        "question": pd.array(list(items), dtype="str").take(np.repeat(np.arange(Q), M)),
        "muni": np.tile(munis, Q),
        "diff": differences.difference.ravel(),
        "se": differences.standard_error.ravel(),
        "z": differences.z.ravel(),
        "p_norm": differences.p_norm.ravel(),
        "df": differences.df.ravel(),
        "p_t": differences.p_t.ravel(),
        "outcome": pd.array(list(DifferenceOutcome), dtype="str").take(differences.outcome.ravel()),
    }
    return pd.DataFrame(columns)


def compare_municipalities(
    moments: Moments, scores: Sequence[float], items: Sequence[str], munis: npt.NDArray[np.generic]
) -> pd.DataFrame:
    """
    Compare every municipality with all participating and with the rest.

    Args:
        moments: Moments of the items with G = 1.
        scores: Coefficients of the mean in the basis of *moments*.
        items: Names of the items, in the order of *moments*.
        munis: Codes of the municipalities, in the order of *moments*.

    Returns:
        Two rows per item and municipality with a valid answer. Columns `type, question, muni, diff, se, z, p_norm, df,
        p_t, outcome`.
    """
    tables = []
    for kind, compare in ((MUNI_VS_NATIONAL, compare_with_all), (MUNI_VS_REST, compare_with_rest)):
        table = difference_table(compare(moments, scores), items, munis)
        table.insert(0, "type", kind)
        tables.append(table[moments.n[:, 0, 1:].ravel() > 0])
    return pd.concat(tables).sort_index(kind="stable").reset_index(drop=True)


def compare_two_rounds(
    later: Moments,
    earlier: Moments,
    scores: Sequence[float],
    items: Sequence[str],
    munis: npt.NDArray[np.generic],
    earlier_scores: Sequence[float] | None = None,
) -> pd.DataFrame:
    """
    Compare two rounds for all participating (municipality −1) and for every municipality.

    Arguments as `compare_municipalities`. Returns one row per item and municipality with valid answers in both rounds;
    columns as there, without `type`.
    """
    table = difference_table(compare_rounds(later, earlier, scores, earlier_scores), items, np.append(ALL, munis))
    both = (later.n[:, 0] > 0) & (earlier.n[:, 0] > 0)
    return table[both.ravel()].reset_index(drop=True)


def adjust_comparisons(differences: pd.DataFrame, report_round: pd.Series) -> pd.Series:
    """
    Return the p-value of every printed comparison, adjusted over all comparisons printed in the same report.

    Args:
        differences: Rows of comparisons with `type, muni, p_t`. A municipality's report prints it against the rest and
            against the earlier round; the rows against all participating are the same finding on another scale.
        report_round: The round whose report prints the row (index as *differences*).

    Returns:
        Adjusted p-values, index as *differences*; missing where nothing is printed or tested.
    """
    printed = differences["type"] != MUNI_VS_NATIONAL
    family = differences.groupby([report_round, differences["muni"]]).ngroup()
    return adjust_false_discovery(differences["p_t"].where(printed), family)


@dataclass(frozen=True)
class _Part:
    """One side of a comparison: moments of disjoint sets of municipalities."""

    total: Floats
    spread: list[list[Floats]]
    one: Floats
    weight: Floats
    n: npt.NDArray[np.int64]
    df: npt.NDArray[np.int64]
    lonely_n: npt.NDArray[np.int64]

    @classmethod
    def of(cls, moments: Moments) -> "_Part":
        spread = [list(row) for row in moments.spread]
        return cls(moments.total, spread, moments.one, moments.weight, moments.n, moments.df, moments.lonely_n)

    def mean(self, scores: Sequence[float]) -> Floats:
        mean = np.full(self.n.shape, np.nan)
        np.divide(combine(scores, self.total), self.weight, out=mean, where=self.n > 0)
        return mean

    def variance(self, slope: Floats, shift: Floats, scores: Sequence[float]) -> Floats:
        """Variance of the total of slope·y − shift over the valid answers."""
        factors = [slope * score - shift * one for score, one in zip(scores, self.one, strict=True)]
        variance = np.zeros(self.n.shape)
        for k, row in enumerate(self.spread):
            for l, spread in enumerate(row):  # noqa: E741
                variance = variance + (1.0 if k == l else 2.0) * factors[k] * spread * factors[l]
        return np.maximum(variance, 0.0)


def _split(moments: Moments) -> tuple[_Part, _Part]:
    """Return each municipality, and the rest of them, as parts of shape (Q, G, M)."""
    whole = _Part.of(moments)
    own = _Part(
        whole.total[..., 1:],
        [[spread[..., 1:] for spread in row] for row in whole.spread],
        whole.one,
        whole.weight[..., 1:],
        whole.n[..., 1:],
        whole.df[..., 1:],
        whole.lonely_n[..., 1:],
    )
    rest = _Part(
        whole.total[..., :1] - own.total,
        [[spread[..., :1] - spread[..., 1:] for spread in row] for row in whole.spread],
        whole.one,
        whole.weight[..., :1] - own.weight,
        whole.n[..., :1] - own.n,
        whole.df[..., :1] - own.df,
        whole.lonely_n[..., :1] - own.lonely_n,
    )
    return own, rest


def _difference(
    difference: Floats, V_1: Floats, V_2: Floats, first: _Part, second: _Part, nothing: npt.NDArray[np.bool_]
) -> Differences:
    se = np.where(nothing, np.nan, np.sqrt(V_1 + V_2))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(V > 0, V**2 / part.df, 0.0) for V, part in ((V_1, first), (V_2, second))]
        df = (V_1 + V_2) ** 2 / (parts[0] + parts[1])
    no_df = ((first.df <= 0) | (second.df <= 0)) & ~nothing
    no_variance = ~nothing & (se == 0)
    lonely = (first.lonely_n + second.lonely_n) > 0
    df = np.where(nothing | no_df | no_variance, np.nan, df)
    outcome = np.select([nothing, no_variance, no_df, lonely], [1, 2, 3, 4], 0)
    return Differences(np.where(nothing, np.nan, difference), se, df, outcome)
