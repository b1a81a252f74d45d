"""
Figures about who did not answer: the R-indicator with its error, the sensitivity band, and who the participants are.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from borgerpuls.codebooks import published
from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.errors import PropensityIsNotEstimable
from borgerpuls.estimation.response_figures import GROUPS, as_figures, row
from borgerpuls.estimation.sensitivity import sensitivity_band
from borgerpuls.responses.nonresponse import representativity_of_cells
from borgerpuls.terms import ALL_PARTICIPATING

FEWEST_SAMPLED = 100
"""Sampled persons that the response model of a municipality needs."""

NORMAL_QUANTILE = 1.959964

STATISTICS = {
    "Antal 16-66-årige pr. kommune": "inhabitants_16_66",
    "Forventet andel fuldtidspersoner": "expected_full_time_share",
    "% af arbejdsstyrken": "share_of_labour_force",
    "% af befolkningen": "share_of_population",
}


def representativity_figures(people: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """
    Return the R-indicator with error and interval, and what each register variable lacks.

    Args:
        people: As `response_figures`.
        seed: Of the replicates that give the error.

    Returns:
        Rows as `response_figures`; none where everybody or nobody answered, or fewer than `FEWEST_SAMPLED` were sampled.
    """
    cells = _cells(people)
    rows: list[dict[str, Any]] = []
    for code, part in [(ALL_PARTICIPATING, cells), *cells.groupby("municipality_code")]:
        sampled = part[part["sampled"] > 0]
        if sampled["sampled"].sum() < FEWEST_SAMPLED:
            continue
        try:
            found = representativity_of_cells(
                sampled[list(GROUPS)], sampled["sampled"], sampled["answered"], sampled["population"], seed=seed
            )
        except PropensityIsNotEstimable:
            continue
        half = NORMAL_QUANTILE * found.standard_error
        rows.append(
            row(str(code), "r_indicator", found.r_indicator)
            | {
                "standard_error": found.standard_error,
                "lower": max(found.r_indicator - half, 0.0),
                "upper": min(found.r_indicator + half, 1.0),
            }
        )
        rows += [row(str(code), "r_partial", value, category=name) for name, value in found.partial.items()]
    return as_figures(rows)


def sensitivity_figures(
    scores: pd.DataFrame, cell: pd.Series, municipality: pd.Series, cells: pd.DataFrame, means: pd.DataFrame
) -> pd.DataFrame:
    """
    Return the band that each score has if satisfied people are more, or less, willing to answer.

    Args:
        scores: Score per respondent (rows) and item or category (columns), missing where not valid.
        cell: Weighting cell of each respondent (index as *scores*).
        municipality: Code of each respondent's municipality.
        cells: Index cell: `municipality_code`, `N`, `invited`.
        means: The means of everybody that the bands belong to: figure rows, whose counts they get.

    Returns:
        Rows as `survey_figures`: `sensitivity_low`, `sensitivity_high` with the change in log-odds as category.
    """
    own_rows = {code: np.flatnonzero(municipality == code) for code in municipality.unique()}
    parts = []
    for mean in means.to_dict("records"):
        code, item = mean["municipality_code"], mean["item_id"]
        if item not in scores or not mean["valid_n"]:
            continue
        at = slice(None) if code == ALL_PARTICIPATING else own_rows[code]
        inside = cells if code == ALL_PARTICIPATING else cells[cells["municipality_code"] == code]
        band = sensitivity_band(scores[item].iloc[at], cell.iloc[at], inside)
        for one in band.to_dict("records"):
            for measure, value in (("sensitivity_low", one["lowest"]), ("sensitivity_high", one["highest"])):
                parts.append(mean | {"measure": measure, "category": f"{one['gamma']:.2f}", "value": value})
    table = pd.DataFrame(parts, columns=means.columns)
    empty = [name for name in table.columns if name.startswith("difference") or name in
             ("standard_error", "degrees_of_freedom", "lower", "upper", "no_interval_reason")]  # fmt: skip
    table[empty] = None
    for name in ("is_different_from_rest", "is_different_from_previous"):
        table[name] = False
    return table


def participant_figures(codes: Collection[str]) -> pd.DataFrame:
    """
    Return how the participating municipalities compare with the country: their regions and, for the pilot's own
    thirteen, the reference data that its report printed.
    """
    country = municipalities()
    own = country[country["municipality_code"].isin(list(codes))]
    rows = []
    for region in sorted(country["region_code"].unique()):
        for measure, table in (("municipality_share", own), ("country_municipality_share", country)):
            count = int((table["region_code"] == region).sum())
            rows.append(
                row(
                    ALL_PARTICIPATING,
                    measure,
                    count / len(table) if len(table) else 0.0,
                    domain="region",
                    group=str(region),
                )
                | {"valid_n": count, "weighted_base": float(len(table))}
            )
    if set(codes) == set(country.loc[country["is_pilot_2023"], "municipality_code"]):
        for printed in published.pilot_2023_representativity().to_dict("records"):
            if printed["row"] in STATISTICS:
                for measure, column in (("participating_value", "pilot_13"), ("country_value", "all_98")):
                    rows.append(
                        row(ALL_PARTICIPATING, measure, _printed(printed["row"], printed[column]), domain="statistic",
                            group=STATISTICS[printed["row"]])
                    )  # fmt: skip
    return as_figures(rows)


def _printed(name: str, value: float) -> float:
    """Reference data as it was printed, shares as shares."""
    return float(value) if name.startswith("Antal") else float(value) / 100


def _cells(people: pd.DataFrame, by: Sequence[str] = ("municipality_code", *GROUPS)) -> pd.DataFrame:
    n = people["person_n"] if "person_n" in people else pd.Series(1, index=people.index)
    is_sampled = people["is_sampled"].astype(bool)
    answered = is_sampled & (people["is_complete"].astype(bool) | people["is_partial"].astype(bool))
    counted = people[list(by)].assign(population=n, sampled=n * is_sampled, answered=n * answered)
    return counted.groupby(list(by), sort=True).sum().reset_index()
