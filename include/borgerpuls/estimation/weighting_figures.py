"""
Figures about the weights: what they cost, a worked example, and which cells were weighted together.
"""

from typing import Any

import pandas as pd

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.estimation.estimates import SCALE
from borgerpuls.estimation.response_figures import as_figures, row
from borgerpuls.terms import ALL_PARTICIPATING

WEIGHTING = "weighting"
EXAMPLE_ITEM = "overall"
FEWEST_IN_EXAMPLE = 500
"""Answers that the worked example needs: of fewer, its unweighted shares would tell single answers."""

EXAMPLE_STEP = 10
"""The example's unweighted counts are rounded to this many; its shares follow from the rounded counts."""

FEWEST_IN_CELL = 30


def weighting_figures(weights: pd.DataFrame, diagnostics: pd.DataFrame) -> pd.DataFrame:
    """
    Return what the weights cost, for all participating and each municipality.

    Args:
        weights: One row per answer: `municipality_code, weight`.
        diagnostics: `municipality_code, design_effect, effective_n`.
    """
    ends = weights.groupby("municipality_code")["weight"].agg(["min", "max", "size"])
    ends.loc[ALL_PARTICIPATING] = [weights["weight"].min(), weights["weight"].max(), len(weights)]
    rows = []
    for one in diagnostics.itertuples():
        code = str(one.municipality_code)
        values = {
            "design_effect": one.design_effect,
            "effective_n": one.effective_n,
            "weight_min": ends["min"].get(code, float("nan")),
            "weight_max": ends["max"].get(code, float("nan")),
        }
        answers = int(ends["size"].get(code, 0))
        rows += [row(code, name, float(value), item=WEIGHTING) | {"valid_n": answers} for name, value in values.items()]
    return as_figures(rows)


def example_figures(overall: pd.Series, cells: pd.DataFrame) -> pd.DataFrame:
    """
    Return the worked example of weighting: the answers before weighting, and how one cell got its weight.

    Args:
        overall: Answer to `EXAMPLE_ITEM` per respondent, 1-5 where valid.
        cells: One row per raw cell: `municipality_code, sex, age_group, target_group, population_n, respondent_n, cell_id`.

    Returns:
        Rows as `response_figures`, `item_id` "weighting", of all participating; none where there are too few answers.
    """
    valid = overall[overall.isin(SCALE)]
    rows: list[dict[str, Any]] = []
    if len(valid) >= FEWEST_IN_EXAMPLE:
        counts = {k: round(int((valid == k).sum()) / EXAMPLE_STEP) * EXAMPLE_STEP for k in SCALE}
        for k, count in counts.items():
            rows.append(_example("unweighted_n", count, category=str(k)))
            rows.append(_example("unweighted_share", count / sum(counts.values()), category=str(k)))
    alone = cells[cells["cell_id"].notna() & ~cells["cell_id"].duplicated(keep=False)]
    alone = alone[alone["respondent_n"] >= FEWEST_IN_CELL]
    if len(alone):
        cell = alone.sort_values(["respondent_n", "municipality_code"], ascending=[False, True]).iloc[0]
        group = "/".join(cell[["sex", "age_group", "target_group"]])
        N, r = int(cell["population_n"]), int(cell["respondent_n"])
        rows += [
            _example(name, value, category=group)
            for name, value in (("cell_population_n", N), ("cell_answered_n", r), ("cell_weight", N / r))
        ]
    return as_figures(rows)


def merged_figures(cells: pd.DataFrame) -> pd.DataFrame:
    """Return how many raw cells were weighted together with others, for all participating and each municipality."""
    weighted = cells[cells["cell_id"].notna()]
    merged = weighted["cell_id"].duplicated(keep=False).groupby(weighted["municipality_code"]).sum()
    counts = {ALL_PARTICIPATING: int(merged.sum()), **merged.astype(int).to_dict()}
    return as_figures([row(str(code), "merged_n", count, item=WEIGHTING) for code, count in counts.items()])


def merged_cells(cells: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """
    Return the collapse log as it may be printed: which cells became one, in words and without counts.

    Args:
        cells: As `example_figures`.
        codebook: Names the groups, in order.

    Returns:
        One row per cell made of several: `municipality_code, cell_number` (from 1 in each municipality), `description`
        (Danish), `merged_n`.
    """
    variables = ("sex", "age_group", "target_group")
    together = cells[cells["cell_id"].notna() & cells["cell_id"].duplicated(keep=False)].copy()
    for name in variables:
        order = {code: place for place, code in enumerate(codebook.labels(name))}
        together[f"{name}_place"] = together[name].map(order)
    together = together.sort_values(["municipality_code", *(f"{name}_place" for name in variables)])
    rows: list[dict[str, Any]] = []
    for code, own in together.groupby("municipality_code", sort=True):
        for number, (_, cell) in enumerate(own.groupby("cell_id", sort=False), start=1):
            by_person: dict[str, list[str]] = {}
            for sex, age, group in zip(*(cell[name] for name in variables), strict=True):
                who = f"{codebook.name_of('sex', sex)}, {codebook.name_of('age_group', age).lower()}"
                by_person.setdefault(who, []).append(codebook.name_of("target_group", group))
            parts = [f"{who}: {', '.join(groups)}" for who, groups in by_person.items()]
            rows.append(
                {
                    "municipality_code": code,
                    "cell_number": number,
                    "description": "; ".join(parts),
                    "merged_n": len(cell),
                }
            )
    return pd.DataFrame(rows, columns=["municipality_code", "cell_number", "description", "merged_n"])


def _example(measure: str, value: float, **place: str) -> dict[str, Any]:
    return row(ALL_PARTICIPATING, measure, value, item=WEIGHTING, **place)
