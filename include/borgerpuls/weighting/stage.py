"""
Weight the frozen answers of a round to its population.
"""

import pandas as pd

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import WeightsDoNotAddUp
from borgerpuls.terms import ALL_PARTICIPATING
from borgerpuls.weighting import cells, raking
from borgerpuls.weighting.coding import number_codes

WRITTEN = ("weight", "collapse", "population_cell", "diagnostic")


def weight_to_population(round_id: str) -> dict[str, int]:
    """Form the weighting cells, merge the thin ones, and give every answer its weight."""
    with transaction("weighting") as connection:
        codebook = load_codebook(
            connection.execute(load_query("weighting/codebook_version.sql"), {"round_id": round_id}).scalar_one()
        )
        population = read_table(connection, "weighting/population.sql", round_id=round_id)
        respondents = read_table(connection, "weighting/respondents.sql", round_id=round_id)
        municipality_codes = sorted(population["municipality_code"].unique())

        numbered_population = number_codes(population, codebook, municipality_codes).sort_values(cells.RAW_CELL)
        population = population.loc[numbered_population.index]
        numbered_respondents = number_codes(respondents, codebook, municipality_codes).rename(
            columns={"response_id": "id"}
        )
        collapse = cells.collapse_cells(numbered_population, numbered_respondents, order=codebook.collapse_numbers)
        weights = cells.weight_to_population(numbered_respondents, collapse)

        for table in WRITTEN:
            connection.execute(load_query(f"weighting/delete_{table}.sql"), {"round_id": round_id})
        copy_rows(connection, "weighting.population_cell", _population_cells(round_id, population, collapse))
        copy_rows(connection, "weighting.collapse", _merges(round_id, collapse, municipality_codes))
        copy_rows(
            connection,
            "weighting.weight",
            pd.DataFrame(
                {
                    "round_id": round_id,
                    "response_id": weights["id"],
                    "cell_id": weights["cell"].astype("str"),
                    "weight": weights["weight"],
                }
            ),
        )
        copy_rows(connection, "weighting.diagnostic", _diagnostics(round_id, weights, municipality_codes))
    return {
        "respondents": len(weights),
        "cells": int(weights["cell"].nunique()),
        "merges": len(collapse.merges),
        "left_out": len(collapse.left_out),
    }


def check_weights(round_id: str) -> dict[str, int]:
    """
    Check that the weights add up to the population of every cell.

    Raises:
        WeightsDoNotAddUp: Names the first cell that misses.
    """
    with transaction("weighting") as connection:
        totals = read_table(connection, "weighting/cell_totals.sql", round_id=round_id)
    missed = totals[(totals["weight_sum"] - totals["population_n"]).abs() > 1e-6 * totals["population_n"]]
    if len(missed):
        first = missed.iloc[0]
        raise WeightsDoNotAddUp(
            f"The weights of cell {first['cell_id']} sum to {first['weight_sum']:.3f}, "
            f"its population is {first['population_n']:.0f}.",
            where=f"Round {round_id}, municipality {first['municipality_code']}",
            next_step="Clear weight_to_population; if it stays, the frame has changed after the answers were frozen.",
        )
    return {"cells": len(totals), "population": int(totals["population_n"].sum())}


def _population_cells(round_id: str, population: pd.DataFrame, collapse: cells.Collapse) -> pd.DataFrame:
    """One row per raw cell, in the order of `collapse.cells` (sorted as the population query sorts them)."""
    numbered = collapse.cells.reset_index(drop=True)
    named = population.reset_index(drop=True)
    if len(numbered) != len(named) or not (numbered["N"] == named["N"]).all():
        raise WeightsDoNotAddUp("The collapsed cells are not the population's cells.", where=f"Round {round_id}")
    return pd.DataFrame(
        {
            "round_id": round_id,
            "municipality_code": named["municipality_code"],
            "sex": named["sex"],
            "age_group": named["age_group"],
            "target_group": named["target_group"],
            "population_n": numbered["N"],
            "respondent_n": numbered["r"],
            "cell_id": numbered["cell"].astype("str").where(numbered["outcome"] == ""),
        }
    )


def _merges(round_id: str, collapse: cells.Collapse, municipality_codes: list[str]) -> pd.DataFrame:
    merges = collapse.merges
    return pd.DataFrame(
        {
            "round_id": round_id,
            "step": range(1, len(merges) + 1),
            "municipality_code": [municipality_codes[muni] for muni in merges["muni"]],
            "merged_cells": merges["part"].astype("str") + " + " + merges["neighbour"].astype("str"),
            "reason": merges["step"].astype("str")
            + ": "
            + merges["part_answers"].astype("str")
            + " + "
            + merges["neighbour_answers"].astype("str"),
        }
    )


def _diagnostics(round_id: str, weights: pd.DataFrame, municipality_codes: list[str]) -> pd.DataFrame:
    summary = raking.weight_summary(weights)
    return pd.DataFrame(
        {
            "round_id": round_id,
            "municipality_code": [
                ALL_PARTICIPATING if muni < 0 else municipality_codes[muni] for muni in summary["muni"]
            ],
            "respondent_n": summary["answers"],
            "population_n": summary["population"].round().astype("int64"),
            "weight_sum": summary["population"],
            "design_effect": summary["design_effect"],
            "effective_n": summary["effective_n"],
        }
    )
