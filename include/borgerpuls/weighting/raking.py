"""
Raking and trimming: two choices of a round, never automatic, and what weights cost.

Raking scales weights until each margin matches its known population total. Trimming cuts extreme weights and spreads
what was cut over the others. Kish's design effect says what unequal weights cost in precision.

Source: Deming & Stephan (1940), Annals of Mathematical Statistics 11(4), 427-444 (raking); R `survey`, trimWeights with
strict = TRUE (trimming); Kish (1992), Journal of Official Statistics 8(2), 183-200 (design effect).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import MarginMismatch, RakingDidNotConverge, TrimmingIsImpossible


def rake(
    weight: pd.Series,
    respondents: pd.DataFrame,
    margins: Mapping[str, pd.Series],
    *,
    tolerance: float = 1e-6,
    max_passes: int = 100,
) -> pd.Series:
    """
    Return weights whose totals meet every margin.

    Args:
        weight: Weight per respondent in persons, shape (n,), all > 0.
        respondents: One row per respondent (index as *weight*), one column per margin.
        margins: Persons in the population by category, for each variable.
        tolerance: Largest accepted relative gap between weighted and population total.
        max_passes: Passes over all margins before giving up.

    Returns:
        Weight per respondent in persons, shape (n,), index as *weight*.

    Raises:
        MarginMismatch: A category has respondents but no total, or the reverse, or two margins sum to different totals.
        RakingDidNotConverge: A gap above *tolerance* remains after *max_passes*.
    """
    targets = [_target(respondents[name], total, name) for name, total in margins.items()]
    _check_sums(margins)
    raked = weight.to_numpy(dtype=float).copy()
    gap, worst = 0.0, ""
    for _ in range(max_passes):
        for category, total in targets:
            raked *= (total / np.bincount(category, weights=raked, minlength=len(total)))[category]
        gaps = {
            name: float(np.max(np.abs(np.bincount(category, weights=raked, minlength=len(total)) / total - 1)))
            for name, (category, total) in zip(margins, targets, strict=True)
        }
        worst = max(gaps, key=gaps.__getitem__, default="")
        gap = gaps.get(worst, 0.0)
        if gap <= tolerance:
            return pd.Series(raked, index=weight.index, name=weight.name)
    raise RakingDidNotConverge(
        f"After {max_passes} passes '{worst}' is still {100 * gap:.2f} % from its population total.",
        where="raking",
        next_step="Collapse its smallest categories, or check that all margins sum to the same total.",
    )


def rake_inside_municipalities(
    weight: pd.Series,
    respondents: pd.DataFrame,
    population: pd.DataFrame,
    margins: Sequence[str],
    *,
    tolerance: float = 1e-6,
    max_passes: int = 100,
) -> pd.Series:
    """
    Rake each municipality of each round to its own population on *margins*.

    Args:
        weight: Weight per respondent in persons, (n,).
        respondents: One row per respondent (index as *weight*): `round, muni` and the columns *margins*.
        population: Persons per raw cell: `round, muni`, *margins* and `N`. Municipalities without answers are ignored.
        margins: Variables, such as sex, age, tg.
        tolerance: As `rake`.
        max_passes: As `rake`.

    Raises:
        MarginMismatch: As `rake`; the message names the municipality.
        RakingDidNotConverge: As `rake`; the message names the municipality.
    """
    raked = weight.astype(float).copy()
    totals = dict(iter(population.groupby(["round", "muni"])))
    for key, answers in respondents.groupby(["round", "muni"]):
        people = totals[key]
        targets = {margin: people.groupby(margin)["N"].sum() for margin in margins}
        try:
            raked.loc[answers.index] = rake(
                weight.loc[answers.index], answers, targets, tolerance=tolerance, max_passes=max_passes
            )
        except (MarginMismatch, RakingDidNotConverge) as error:
            place = f"round {key[0]}, municipality {key[1]}, {error.where}"
            raise type(error)(error.what, where=place, next_step=error.next_step) from error
    return raked


def trim(weight: pd.Series, *, upper: float = np.inf, lower: float = 0.0, max_passes: int = 100) -> pd.Series:
    """
    Return weights inside [lower, upper] with the same sum.

    What is cut is spread in equal parts over the weights inside the limits, again until none is outside (R `survey`:
    trimWeights, strict = TRUE).

    Args:
        weight: Weight per respondent in persons, (n,).
        upper: Largest weight, persons.
        lower: Smallest weight, persons.
        max_passes: Passes before giving up.

    Raises:
        TrimmingIsImpossible: The mean weight lies outside the limits, so that no weights inside them have this sum.
    """
    values = weight.to_numpy(dtype=float)
    mean = values.mean() if len(values) else 0.0
    if not lower <= mean <= upper:
        raise TrimmingIsImpossible(
            f"The mean weight {mean:.2f} lies outside the limits {lower:.2f} to {upper:.2f}.",
            where="trimming",
            next_step="Widen the limits.",
        )
    total = values.sum()
    trimmed = values
    for _ in range(max_passes):
        outside = (trimmed < lower) | (trimmed > upper)
        if not outside.any() or outside.all():
            break
        cut = np.clip(trimmed, lower, upper)
        cut[~outside] += (total - cut.sum()) / np.count_nonzero(~outside)
        trimmed = cut
    trimmed = np.clip(trimmed, lower, upper)
    return pd.Series(trimmed, index=weight.index, name=weight.name)


def kish_design_effect(weight: npt.NDArray[np.floating] | pd.Series) -> float:
    """Return n Σw² / (Σw)²: how many times larger a variance the unequal weights give, 1 when all are equal."""
    values = np.asarray(weight, dtype=float)
    return float(len(values) * np.sum(values**2) / np.sum(values) ** 2)


def effective_n(weight: npt.NDArray[np.floating] | pd.Series) -> float:
    """Return n over Kish's design effect: the answers that equal weights would need for the same precision."""
    return len(weight) / kish_design_effect(weight)


def weight_summary(weights: pd.DataFrame) -> pd.DataFrame:
    """
    Return what the weights cost, for all participating (muni −1) and each municipality.

    Args:
        weights: One row per answer: `round, muni, weight`.

    Returns:
        One row per round × (all, municipality). Columns `round, muni, answers, population` (sum of weights),
        `smallest_weight, largest_weight, design_effect` (Kish) and `effective_n`.
    """
    rows = []
    for survey_round, answers in weights.groupby("round"):
        for muni, part in [(-1, answers), *answers.groupby("muni")]:
            weight = part["weight"]
            rows.append(
                (
                    survey_round,
                    muni,
                    len(part),
                    weight.sum(),
                    weight.min(),
                    weight.max(),
                    kish_design_effect(weight),
                    effective_n(weight),
                )
            )
    columns = [
        "round",
        "muni",
        "answers",
        "population",
        "smallest_weight",
        "largest_weight",
        "design_effect",
        "effective_n",
    ]
    return pd.DataFrame(rows, columns=columns)


def raked_standard_error(
    weight: pd.Series,
    respondents: pd.DataFrame,
    margins: Sequence[str],
    score: pd.Series,
    strata: pd.DataFrame,
    *,
    passes: int = 10,
) -> tuple[float, float]:
    """
    Return a raked mean and its standard error, by the residuals that the margins leave.

    Args:
        weight: Raked weight per respondent in persons, (n,).
        respondents: One row per respondent with the columns *margins*.
        margins: Variables that were raked to.
        score: The value to average, missing where not valid, (n,).
        strata: Per respondent its `stratum` and the stratum's `N` persons, (n,) each.
        passes: Passes of the projection on the margins. R `survey` makes 10 and averages without weights, as here.

    Returns:
        (mean, standard error).
    """
    w = weight.to_numpy(dtype=float)
    y = score.to_numpy(dtype=float, na_value=np.nan)
    valid = ~np.isnan(y)
    total = w[valid].sum()
    mean = float(w[valid] @ y[valid] / total)
    residual = np.where(valid, np.where(valid, y, 0.0) - mean, 0.0) / total
    codes = [pd.factorize(respondents[margin])[0] for margin in margins]
    for _ in range(passes):
        for code in codes:
            residual -= (np.bincount(code, weights=residual) / np.bincount(code))[code]
    z = w * residual
    stratum = pd.factorize(strata["stratum"])[0]
    r = np.bincount(stratum)
    N = np.zeros(len(r))
    N[stratum] = strata["N"].to_numpy()
    centred = z - (np.bincount(stratum, weights=z) / r)[stratum]
    K = np.where(r > 1, (1 - r / N) * r / np.maximum(r - 1, 1), 0.0)
    return mean, float(np.sqrt(np.sum(K[stratum] * centred**2)))


def _target(values: pd.Series, total: pd.Series, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    kept = total[total > 0]
    place = kept.index.get_indexer(pd.Index(values))
    if (place < 0).any():
        absent = sorted(set(values[place < 0]))
        raise MarginMismatch(
            f"Category {', '.join(str(code) for code in absent)} has respondents but no population total.",
            where=f"margin '{name}'",
            next_step="Give the category its total, or collapse it with a neighbour.",
        )
    silent = np.bincount(place, minlength=len(kept)) == 0
    if silent.any():
        absent = kept.index[silent].tolist()
        raise MarginMismatch(
            f"Category {', '.join(str(code) for code in absent)} has a population total but no respondents.",
            where=f"margin '{name}'",
            next_step="Collapse the category with a neighbour, or leave the margin out.",
        )
    return place.astype(np.int64), kept.to_numpy(dtype=float)


def _check_sums(margins: Mapping[str, pd.Series]) -> None:
    sums = {name: float(total.sum()) for name, total in margins.items()}
    if sums and max(sums.values()) - min(sums.values()) > 1e-9 * max(sums.values()):
        shown = ", ".join(f"'{name}' {total:g}" for name, total in sums.items())
        raise MarginMismatch(
            f"The margins sum to different totals: {shown}.",
            where="margins",
            next_step="Count every margin from the same population.",
        )
