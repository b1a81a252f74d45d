"""
The tables of a survey: weights, estimates, comparisons and multi-select shares of any number of rounds.

One call from answers and population to everything that `borgerpuls estimate` writes. Tables in, tables out; the stage
that works on the database calls the same functions round by round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from borgerpuls.errors import NothingToEstimate
from borgerpuls.estimation.comparison import (
    adjust_comparisons,
    compare_municipalities,
    compare_two_rounds,
    round_difference_type,
)
from borgerpuls.estimation.estimates import (
    EVERYONE,
    SCALE,
    Partition,
    estimate_options,
    item_moments,
    item_table,
    standard_partitions,
)
from borgerpuls.estimation.variance import Variance, survey_design
from borgerpuls.weighting.cells import MINIMUM_CELL, Collapse, collapse_cells, weight_to_population


@dataclass(frozen=True)
class SurveyTables:
    """
    What a survey says.

    Attributes:
        collapse: The weighting cells and how they came about.
        weights: One row per answer: `id, weight, round, muni, cell, stratum`.
        estimates: As `estimate_items`, with `round` in front.
        differences: `type, round, question, muni, diff, se, z, p_norm, df, p_t, p_bh, outcome`; `round` is missing in
            comparisons of rounds; `p_bh` is p_t adjusted over all comparisons in the municipality's report.
        multiselect: As `estimate_options`, with `round` in front.
    """

    collapse: Collapse
    weights: pd.DataFrame
    estimates: pd.DataFrame
    differences: pd.DataFrame
    multiselect: pd.DataFrame


def estimate_survey(
    respondents: pd.DataFrame,
    population: pd.DataFrame,
    *,
    order: Sequence[int],
    items: Sequence[str],
    options: Sequence[str] = (),
    partitions: Sequence[Partition] | None = None,
    minimum: int = MINIMUM_CELL,
    variance: Variance = Variance.CELLS,
) -> SurveyTables:
    """
    Weight, estimate and compare.

    Args:
        respondents: One row per answer, any number of rounds: `id, round, muni, sex, age, tg`, the columns of
            *partitions*, and of *items* (1-5) and *options* (0-1), missing where not valid.
        population: Persons per raw cell: `round, muni, sex, age, tg, N`.
        order: Collapse order of the target groups.
        items: Columns with items.
        options: Columns with multi-select options.
        partitions: Ways to split; default `standard_partitions`. Everyone together always comes first.
        minimum: Fewest answers of a weighting cell.
        variance: Which variance.

    Returns:
        All tables. Every municipality in *population* has its rows in every round; without answers, with no figures.

    Raises:
        NothingToEstimate: There is neither an item nor an option.
        BorgerpulsError: As `collapse_cells` and `weight_to_population`.
    """
    if not items and not options:
        raise NothingToEstimate(
            "The table of answers has no item and no option.",
            where="respondents",
            next_step="Name items q1, q2, ... and options m1, m2, ...",
        )
    collapse = collapse_cells(population, respondents, order=order, minimum=minimum)
    weights = weight_to_population(respondents, collapse)
    ways = [EVERYONE, *(way for way in partitions or standard_partitions(max(order) + 1) if way != EVERYONE)]
    munis = sorted(set(population["muni"]))
    rounds = sorted(set(population["round"]))

    estimates, multiselect, differences, moments = [], [], [], []
    for survey_round in rounds:
        answers = respondents[respondents["round"] == survey_round]
        design = survey_design(answers, collapse, municipalities=munis, variance=variance)
        counted = item_moments(design, answers, items, ways)
        moments.append(counted.of_group(0))
        table = item_table(design, counted, items, ways)
        estimates.append(_of_round(table, survey_round))
        multiselect.append(_of_round(estimate_options(design, answers, options), survey_round))
        table = compare_municipalities(moments[-1], SCALE, items, design.municipalities)
        differences.append(_of_round(table, survey_round).assign(report_round=survey_round))
    for (earlier, before), (later, after) in pairwise(zip(rounds, moments, strict=True)):
        table = compare_two_rounds(after, before, SCALE, items, np.asarray(munis))
        table = table.assign(type=round_difference_type(later, earlier), report_round=later)
        differences.append(table)
    return SurveyTables(
        collapse=collapse,
        weights=_by_round(weights)[["id", "weight", "round", "muni", "cell", "stratum"]],
        estimates=pd.concat(estimates, ignore_index=True),
        differences=_with_adjusted_p(differences),
        multiselect=pd.concat(multiselect, ignore_index=True),
    )


def _with_adjusted_p(tables: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True)
    table["p_bh"] = adjust_comparisons(table, table["report_round"])
    columns = ["type", "round", "question", "muni", "diff", "se", "z", "p_norm", "df", "p_t", "p_bh", "outcome"]
    return table[columns]


def _of_round(table: pd.DataFrame, survey_round: int | str) -> pd.DataFrame:
    return table.assign(round=survey_round)[["round", *table.columns]]


def _by_round(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("round", kind="stable", ignore_index=True)
