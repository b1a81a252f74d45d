"""
Figures about taking part: population, sample and answers, by group and by day, and how long an answer took.

Which rows count people, and with which cell each is withheld: docs/figures/README.md.
"""

from typing import Any

import numpy as np
import pandas as pd

from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES
from borgerpuls.responses.rates import count_classes, response_rates
from borgerpuls.terms import ALL_PARTICIPATING

RESPONSE = "response"
GROUPS = ("target_group", "sex", "age_group")
REGISTER = ("subgroup", "language", "mobile")
FEWEST_IN_REGISTER = 30
"""Benefit, language and mobile number are shown for all participating, and only where each group has this many respondents."""

STAGES = ("population", "sampled", "reachable", "answered", "complete")
AAPOR = {"rr1": "RR1", "rr2": "RR2", "ref1": "REF1", "con1": "CON1"}
"""Rates by the definitions of AAPOR that are printed, by measure."""

QUARTILES = {"p25": 0.25, "p50": 0.5, "p75": 0.75}
FEWEST_TIMES = 10
"""Complete answers that quartiles of completion time need: of fewer, one of them is one person's own time."""

MINUTES_STEP = 0.5


def response_figures(people: pd.DataFrame, arrivals: pd.DataFrame, field_days: int) -> pd.DataFrame:
    """
    Return the figures about taking part, for all participating and each municipality.

    Args:
        people: One row per kind of person in the population: `municipality_code, target_group, sex, age_group`, `is_sampled`,
            `is_reachable` (a message could be sent), `is_complete`, `is_partial`; `person_n` where a row stands for several
            persons; `REGISTER` and `disposition` (AAPOR, of the sampled) where they are known.
        arrivals: One row per answer that counts: `municipality_code`, `day` (days from invitation to its last page) and,
            where it is known, `minutes` that a complete one took.
        field_days: Days from invitation to close.

    Returns:
        Rows as `figures.survey_figures`, `item_id` "response": counts, rates and minutes in `value`, with the numerator
        in `valid_n` and the denominator in `weighted_base` for rates and shares.
    """
    stages = _by_stage(people)
    rows: list[dict[str, Any]] = []
    everybody = _with_all(stages, [])
    for code, count in everybody.iterrows():
        rows += _whole(str(code), {name: int(count[name]) for name in STAGES})
    for domain in (*GROUPS, *REGISTER):
        if domain in stages:
            rows += _groups(_with_all(stages, [domain]), everybody, domain)
    rows += _curve(arrivals, everybody["sampled"], field_days)
    if "minutes" in arrivals:
        rows += _completion_times(arrivals)
    if "disposition" in people:
        rows += _aapor(people[people["is_sampled"].astype(bool)])
    return as_figures(rows)


def _by_stage(people: pd.DataFrame) -> pd.DataFrame:
    """Persons per kind that came as far as each of `STAGES`."""
    n = people["person_n"] if "person_n" in people else pd.Series(1, index=people.index)
    is_sampled = people["is_sampled"].astype(bool)
    stages = {
        "population": n,
        "sampled": n * is_sampled,
        "reachable": n * (is_sampled & people["is_reachable"].astype(bool)),
        "answered": n * (is_sampled & (people["is_complete"].astype(bool) | people["is_partial"].astype(bool))),
        "complete": n * (is_sampled & people["is_complete"].astype(bool)),
    }
    names = [name for name in ("municipality_code", *GROUPS, *REGISTER) if name in people]
    return people[names].assign(**{name: count.astype("int64") for name, count in stages.items()})


def _with_all(stages: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Sum the stages by municipality and *by*, all participating first; a group that a municipality lacks has 0."""
    own = stages.groupby(["municipality_code", *by], sort=True)[list(STAGES)].sum()
    if not by:
        whole = own.sum().to_frame(ALL_PARTICIPATING).T
        return pd.concat([whole, own])
    every = pd.MultiIndex.from_product(
        [sorted(stages[name].unique()) for name in own.index.names], names=own.index.names
    )
    own = own.reindex(every, fill_value=0)
    whole = pd.concat({ALL_PARTICIPATING: own.groupby(level=1).sum()}, names=["municipality_code"])
    return pd.concat([whole, own])


def _whole(code: str, count: dict[str, int]) -> list[dict[str, Any]]:
    numbers = {
        "population_n": count["population"],
        "sampled_n": count["sampled"],
        "reachable_n": count["reachable"],
        "answered_n": count["answered"],
        "complete_n": count["complete"],
        "partial_n": count["answered"] - count["complete"],
    }
    return [
        *(row(code, measure, number) for measure, number in numbers.items()),
        _share(code, "response_rate", count["answered"], count["sampled"]),
        _share(code, "complete_rate", count["complete"], count["sampled"]),
    ]


def _groups(table: pd.DataFrame, everybody: pd.DataFrame, domain: str) -> list[dict[str, Any]]:
    """Shares of the population, the sample and the respondents, and the response rate, by group."""
    if domain in REGISTER:
        table = table.loc[[ALL_PARTICIPATING]]
        if (table["answered"] < FEWEST_IN_REGISTER).any():
            return []
    rows = []
    for (code, group), count in zip(table.index, table.to_dict("records"), strict=True):
        whole = everybody.loc[code]
        for measure, stage in (
            ("population_share", "population"),
            ("sample_share", "sampled"),
            ("respondent_share", "answered"),
        ):
            rows.append(_share(code, measure, count[stage], int(whole[stage]), domain, str(group)))
        rows.append(_share(code, "response_rate", count["answered"], count["sampled"], domain, str(group)))
    return rows


def _curve(arrivals: pd.DataFrame, sampled: "pd.Series[int]", field_days: int) -> list[dict[str, Any]]:
    days = arrivals.assign(day=arrivals["day"].clip(0, field_days).astype("int64"))
    by_day = days.groupby(["municipality_code", "day"]).size().unstack(fill_value=0)
    by_day = by_day.reindex(columns=range(field_days + 1), fill_value=0)
    by_day = pd.concat([by_day.sum().to_frame(ALL_PARTICIPATING).T, by_day]).reindex(sampled.index, fill_value=0)
    return [
        _share(str(code), "cumulative_rate", int(arrived), int(sampled[str(code)]), "day", str(day))
        for code, counts in by_day.cumsum(axis=1).iterrows()
        for day, arrived in counts.items()
    ]


def _completion_times(arrivals: pd.DataFrame) -> list[dict[str, Any]]:
    known = arrivals[arrivals["minutes"].notna()]
    rows = []
    for code, part in [(ALL_PARTICIPATING, known), *known.groupby("municipality_code")]:
        if len(part) < FEWEST_TIMES:
            continue
        minutes = np.quantile(part["minutes"].to_numpy(dtype=float), list(QUARTILES.values()))
        rows += [
            row(str(code), "completion_minutes", round(value / MINUTES_STEP) * MINUTES_STEP, category=quartile)
            | {"valid_n": len(part)}
            for quartile, value in zip(QUARTILES, minutes, strict=True)
        ]
    return rows


def _aapor(sampled: pd.DataFrame) -> list[dict[str, Any]]:
    n = sampled["person_n"] if "person_n" in sampled else pd.Series(1, index=sampled.index)
    known = sampled["disposition"].notna().to_numpy()
    codes = pd.Series(np.repeat(sampled["disposition"].to_numpy()[known], n.to_numpy(dtype=np.int64)[known]))
    if codes.empty:
        return []
    rates = response_rates(count_classes(codes)).set_index("rate")
    return [
        _share(ALL_PARTICIPATING, measure, int(rates["numerator"][rate]), int(rates["denominator"][rate]))
        for measure, rate in AAPOR.items()
    ]


def row(
    code: str,
    measure: str,
    value: float,
    *,
    item: str = RESPONSE,
    category: str = "",
    domain: str = "all",
    group: str = "",
) -> dict[str, Any]:
    """Return one figure that is no answer to a question, without counts."""
    return {
        "municipality_code": code, "item_id": item, "measure": measure, "category": category, "domain": domain,
        "domain_group": group, "value": float(value),
    }  # fmt: skip


def _share(code: str, measure: str, numerator: int, base: int, domain: str = "all", group: str = "") -> dict[str, Any]:
    value = numerator / base if base else float("nan")
    return row(code, measure, value, domain=domain, group=group) | {"valid_n": numerator, "weighted_base": float(base)}


def as_figures(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a figure table, with every column that `figures.survey_figures` has."""
    table = pd.DataFrame(rows, columns=None if rows else ["municipality_code", "item_id", "measure", "category",
                                                           "domain", "domain_group"])  # fmt: skip
    for name in [*COUNTS, *VALUES, *COMPARISONS, "no_interval_reason"]:
        if name not in table:
            table[name] = None
    for name in ("is_different_from_rest", "is_different_from_previous"):
        table[name] = False
    return table
