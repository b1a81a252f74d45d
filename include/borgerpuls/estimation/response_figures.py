"""
Figures about taking part: population, sample and answers, by group and by day, and what the weights cost.
"""

from typing import Any

import pandas as pd

from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES
from borgerpuls.terms import ALL_PARTICIPATING

RESPONSE, WEIGHTING = "response", "weighting"
GROUPS = ("target_group", "sex", "age_group")


def response_figures(people: pd.DataFrame, arrivals: pd.DataFrame, field_days: int) -> pd.DataFrame:
    """
    Return the figures about taking part, for all participating and each municipality.

    Args:
        people: One row per person in the population: `municipality_code, target_group, sex, age_group`, `is_sampled`,
            `is_reachable` (a message could be sent), `is_complete`, `is_partial`.
        arrivals: One row per answer that counts: `municipality_code`, `day` (days from invitation to its last page).
        field_days: Days from invitation to close.

    Returns:
        Rows as `figures.survey_figures`, `item_id` "response": counts and rates in `value`, with the numerator in
        `valid_n` and the denominator in `weighted_base` for rates and shares.
    """
    rows = []
    for code, part in [(ALL_PARTICIPATING, people), *people.groupby("municipality_code")]:
        sampled = part[part["is_sampled"]]
        answered = sampled[sampled["is_complete"] | sampled["is_partial"]]
        complete = sampled[sampled["is_complete"]]
        counts = {
            "population_n": len(part),
            "sampled_n": len(sampled),
            "reachable_n": int(sampled["is_reachable"].sum()),
            "answered_n": len(answered),
            "complete_n": len(complete),
            "partial_n": len(answered) - len(complete),
        }
        rows += [_row(code, name, count) for name, count in counts.items()]
        rows.append(_share(code, "response_rate", len(answered), len(sampled)))
        rows.append(_share(code, "complete_rate", len(complete), len(sampled)))
        for domain in GROUPS:
            for measure, base in (
                ("population_share", part),
                ("sample_share", sampled),
                ("respondent_share", answered),
            ):
                in_group = base[domain].value_counts()
                rows += [
                    _share(code, measure, int(in_group.get(group, 0)), len(base), domain, str(group))
                    for group in sorted(people[domain].unique())
                ]
        own = arrivals if code == ALL_PARTICIPATING else arrivals[arrivals["municipality_code"] == code]
        by_day = own["day"].clip(0, field_days).value_counts()
        arrived = 0
        for day in range(field_days + 1):
            arrived += int(by_day.get(day, 0))
            rows.append(_share(code, "cumulative_rate", arrived, len(sampled), "day", str(day)))
    return _as_figures(rows)


def weighting_figures(weights: pd.DataFrame, diagnostics: pd.DataFrame) -> pd.DataFrame:
    """
    Return what the weights cost, for all participating and each municipality.

    Args:
        weights: One row per answer: `municipality_code, weight`.
        diagnostics: `municipality_code, design_effect, effective_n`.
    """
    rows = []
    for row in diagnostics.itertuples():
        part = weights if row.municipality_code == ALL_PARTICIPATING else weights[
            weights["municipality_code"] == row.municipality_code
        ]  # fmt: skip
        values = {
            "design_effect": row.design_effect,
            "effective_n": row.effective_n,
            "weight_min": part["weight"].min(),
            "weight_max": part["weight"].max(),
        }
        rows += [
            _row(str(row.municipality_code), name, float(value), item=WEIGHTING) | {"valid_n": len(part)}
            for name, value in values.items()
        ]
    return _as_figures(rows)


def _row(
    code: str, measure: str, value: float, *, item: str = RESPONSE, domain: str = "all", group: str = ""
) -> dict[str, Any]:
    return {
        "municipality_code": code, "item_id": item, "measure": measure, "category": "", "domain": domain,
        "domain_group": group, "value": float(value),
    }  # fmt: skip


def _share(code: str, measure: str, numerator: int, base: int, domain: str = "all", group: str = "") -> dict[str, Any]:
    value = numerator / base if base else float("nan")
    row = _row(code, measure, value, domain=domain, group=group)
    return row | {"valid_n": numerator, "weighted_base": float(base)}


def _as_figures(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    for name in [*COUNTS, *VALUES, *COMPARISONS, "no_interval_reason"]:
        if name not in table:
            table[name] = None
    for name in ("is_different_from_rest", "is_different_from_previous"):
        table[name] = False
    return table
