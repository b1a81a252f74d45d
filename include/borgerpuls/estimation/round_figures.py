"""
All figures of one round, from the tables that the stages before have left: one call for the stage and the simulations.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from borgerpuls.estimation.categories import score_categories
from borgerpuls.estimation.figures import WAVE_ITEM, Survey, survey_figures
from borgerpuls.estimation.nonresponse_figures import (
    participant_figures,
    representativity_figures,
    sensitivity_figures,
)
from borgerpuls.estimation.response_figures import GROUPS, response_figures
from borgerpuls.estimation.weighting_figures import (
    EXAMPLE_ITEM,
    example_figures,
    merged_figures,
    weighting_figures,
)


@dataclass(frozen=True)
class RoundTables:
    """
    What the figures of a round are made of.

    Attributes:
        survey: The answers that count, prepared.
        people: The population by what became of it, as `response_figures`.
        arrivals: When the answers came, as `response_figures`.
        cells: The weighting cells, one row per raw cell: `municipality_code, sex, age_group, target_group, population_n,
            respondent_n, cell_id` (missing where a municipality has no answers).
        weights: One row per answer: `municipality_code, weight`.
        diagnostics: `municipality_code, design_effect, effective_n`.
        field_days: Days from invitation to close.
    """

    survey: Survey
    people: pd.DataFrame
    arrivals: pd.DataFrame
    cells: pd.DataFrame
    weights: pd.DataFrame
    diagnostics: pd.DataFrame
    field_days: int

    @cached_property
    def cell_of_respondent(self) -> "pd.Series[str]":
        """The weighting cell of each respondent, in the survey's order."""
        keys = ["municipality_code", *GROUPS]
        placed = self.survey.respondents[keys].merge(self.cells[[*keys, "cell_id"]], on=keys, how="left")
        return placed["cell_id"]

    @cached_property
    def weighting_cells(self) -> pd.DataFrame:
        """Persons and invited of each weighting cell: index `cell_id`; `municipality_code, N, invited`."""
        n = self.people["person_n"] if "person_n" in self.people else pd.Series(1, index=self.people.index)
        keys = ["municipality_code", *GROUPS]
        invited = self.people[keys].assign(invited=n * self.people["is_sampled"].astype(bool)).groupby(keys).sum()
        cells = self.cells[self.cells["cell_id"].notna()].merge(invited.reset_index(), on=keys, how="left")
        return cells.groupby("cell_id").agg(
            municipality_code=("municipality_code", "first"), N=("population_n", "sum"), invited=("invited", "sum")
        )


def round_figures(tables: RoundTables, previous: pd.DataFrame | None = None) -> pd.DataFrame:
    """
    Return every figure of a round, without ids and with nothing withheld.

    Args:
        tables: The round.
        previous: The means of an earlier period that may be compared with these, as `trend.previous_means`; default none.

    Returns:
        Rows as `survey_figures`.
    """
    survey = tables.survey
    of_answers = survey_figures(survey, previous)
    parts = [
        of_answers,
        _sensitivity(tables, of_answers),
        response_figures(tables.people, tables.arrivals, tables.field_days),
        representativity_figures(tables.people),
        participant_figures(set(tables.people["municipality_code"])),
        weighting_figures(tables.weights, tables.diagnostics),
        merged_figures(tables.cells),
        example_figures(survey.answers[EXAMPLE_ITEM], tables.cells),
    ]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _sensitivity(tables: RoundTables, figures: pd.DataFrame) -> pd.DataFrame:
    survey = tables.survey
    answers = survey.answers.reset_index(drop=True)
    scores = pd.DataFrame(
        {code: found["score"] for code, found in score_categories(answers[list(survey.items)], survey.codebook).items()}
    )
    scores[WAVE_ITEM] = answers[WAVE_ITEM].where(answers[WAVE_ITEM] > 0)
    is_mean = figures["measure"].isin(["mean", "category_mean"]) & (figures["domain"] == "all")
    means = figures[is_mean & figures["item_id"].isin(list(scores))]
    municipality = survey.respondents["municipality_code"].reset_index(drop=True)
    return sensitivity_figures(scores, tables.cell_of_respondent, municipality, tables.weighting_cells, means)
