"""
Estimate the figures of a round from its frozen answers, and withhold what may not be shown.
"""

from importlib.metadata import version
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection

from borgerpuls.codebooks.codebook import Codebook, load_codebook
from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import CellCanBeDerived, FiguresDoNotAddUp, RoundHasNoFigures, UnknownFigure
from borgerpuls.estimation import figures as figure_methods
from borgerpuls.estimation.attacker import derived_counts, protect
from borgerpuls.estimation.dictionary import dictionary_table, rounded_for_export
from borgerpuls.estimation.disclosure import CELL, COMPLEMENTARY, Thresholds
from borgerpuls.estimation.explain import explanation
from borgerpuls.estimation.figures import Survey, prepare_survey
from borgerpuls.estimation.invariants import contradictions
from borgerpuls.estimation.response_figures import response_figures, weighting_figures
from borgerpuls.questionnaire.definition import load_instrument
from borgerpuls.settings import settings
from borgerpuls.weighting.cells import NO_ANSWERS, RAW_CELL, Collapse
from borgerpuls.weighting.coding import number_codes


def estimate_figures(round_id: str) -> dict[str, int]:
    """Estimate means, shares, category scores and response rates with their uncertainty, and suppress."""
    with transaction("estimation") as connection:
        plan = connection.execute(load_query("estimation/plan.sql"), {"round_id": round_id}).one()
        survey = _survey(connection, round_id, load_codebook(plan.codebook_version), plan.questionnaire_version)
        people = read_table(connection, "estimation/people.sql", round_id=round_id)
        weights = read_table(connection, "estimation/weights.sql", round_id=round_id)
        diagnostics = read_table(connection, "estimation/diagnostics.sql", round_id=round_id)
        arrivals = read_table(connection, "estimation/arrivals.sql", round_id=round_id)
        estimated = pd.concat(
            [
                figure_methods.survey_figures(survey),
                response_figures(people, arrivals, plan.field_days),
                weighting_figures(weights, diagnostics),
            ],
            ignore_index=True,
        )
        categories = {category.code: category.items for category in survey.codebook.categories}
        table, reasons = protect(estimated, _thresholds(), categories)
        table = figure_methods.with_ids(table, round_id, plan.snapshot_id, version("borgerpuls"))
        for name in figure_methods.COUNTS:
            table[name] = table[name].astype("Int64")
        connection.execute(load_query("estimation/delete_suppressions.sql"), {"round_id": round_id})
        connection.execute(load_query("estimation/delete_figures.sql"), {"round_id": round_id})
        copy_rows(connection, "estimation.figure", table.sort_values("figure_id", ignore_index=True))
        copy_rows(connection, "estimation.suppression", reasons.assign(round_id=round_id))
    return {"figures": len(table), "suppressed": int(table["is_suppressed"].sum())}


def check_figures(round_id: str) -> dict[str, int]:
    """
    Check that the figures do not contradict each other.

    Raises:
        FiguresDoNotAddUp: Names the first figure that does.
    """
    with transaction("estimation") as connection:
        table = read_table(connection, "estimation/figures.sql", round_id=round_id)
    found = contradictions(table)
    if found:
        raise FiguresDoNotAddUp(
            f"{len(found)} figures contradict each other, the first: {found[0]}.",
            where=f"Round {round_id}",
            next_step="Nothing is drawn. Clear estimate_figures; if it stays, report it with the figure's id.",
        )
    return {"figures": len(table)}


def attack_figures(round_id: str) -> dict[str, int]:
    """
    Try to work out the withheld numbers from everything that would be published.

    Raises:
        CellCanBeDerived: Names the first cell and what is left of its range; nothing is published.
    """
    with transaction("estimation") as connection:
        table = read_table(connection, "estimation/figures.sql", round_id=round_id)
        reasons = read_table(connection, "estimation/suppressions.sql", round_id=round_id)
    own_sake = reasons.loc[reasons["reason"] != COMPLEMENTARY, CELL]
    try:
        found = derived_counts(table, set(own_sake.itertuples(index=False, name=None)))
    except ValueError as contradiction:
        raise FiguresDoNotAddUp(
            f"Nobody can have given these answers: {contradiction}.",
            where=f"Round {round_id}",
            next_step="Nothing is drawn. Clear estimate_figures; if it stays, report it.",
        ) from None
    if found:
        first = found[0]
        raise CellCanBeDerived(
            f"{len(found)} withheld counts can be worked out, the first: {first.what} of "
            f"{first.municipality_code}|{first.item_id}|{first.domain}|{first.domain_group} lies between {first.least} and "
            f"{first.most}.",
            where=f"Round {round_id}",
            next_step="Nothing is drawn. Clear estimate_figures; if it stays, report the cell.",
        )
    return {"figures": len(table), "withheld_cells": len(reasons)}


def explain_figure(figure_id: str) -> str:
    """
    Tell how a figure came about, in Danish: definition, counts, weights, queries, snapshot. Never a person.

    Raises:
        UnknownFigure: No figure has this id.
    """
    with transaction("estimation") as connection:
        found = read_table(connection, "estimation/figure.sql", figure_id=figure_id)
        if found.empty:
            raise UnknownFigure(
                f"There is no figure {figure_id!r}.",
                next_step="Write round|municipality|item|measure|category|domain|group, as in the figure table.",
            )
        figure = found.iloc[0]
        weights = read_table(
            connection,
            "estimation/cells_of_figure.sql",
            round_id=figure["round_id"],
            municipality_code=figure["municipality_code"],
        )
    return explanation(figure, weights.iloc[0])


def export_figures(round_id: str, out: Path) -> dict[str, int]:
    """
    Write the protected figures as CSV and Parquet with a data dictionary, rounded as they are printed.

    Raises:
        RoundHasNoFigures: Estimation has not run.
    """
    with transaction("estimation") as connection:
        table = read_table(connection, "estimation/figures.sql", round_id=round_id)
        if table.empty:
            raise RoundHasNoFigures(f"Round {round_id} has no figures.", next_step="Run the estimation DAG.")
        plan = connection.execute(load_query("estimation/plan.sql"), {"round_id": round_id}).one()
    exported = rounded_for_export(
        table, load_codebook(plan.codebook_version), load_instrument(plan.questionnaire_version)
    )
    out.mkdir(parents=True, exist_ok=True)
    exported.to_csv(out / f"figures-{round_id}.csv", index=False, encoding="utf-8")
    exported.to_parquet(out / f"figures-{round_id}.parquet", index=False)
    dictionary_table().to_csv(out / "data-dictionary.csv", index=False, encoding="utf-8")
    return {"figures": len(exported), "suppressed": int(exported["is_suppressed"].sum())}


def _thresholds() -> Thresholds:
    limits = settings()
    return Thresholds(limits.suppress_below, limits.one_category_below, limits.uncertain_below)


def _survey(connection: Connection, round_id: str, codebook: Codebook, questionnaire_version: str) -> Survey:
    respondents = read_table(connection, "estimation/respondents.sql", round_id=round_id)
    answers = read_table(connection, "estimation/answers.sql", round_id=round_id)
    cells = read_table(connection, "estimation/cells.sql", round_id=round_id)
    municipality_codes = sorted(cells["municipality_code"].unique())
    collapse = Collapse(_cells(cells, codebook, municipality_codes), pd.DataFrame(), pd.DataFrame())
    instrument = load_instrument(questionnaire_version)
    return prepare_survey(respondents, answers, collapse, municipality_codes, codebook, instrument)


def _cells(cells: pd.DataFrame, codebook: Codebook, municipality_codes: list[str]) -> pd.DataFrame:
    """Return the weighting cells as the methods want them; every cell is a stratum of its own."""
    table = number_codes(cells, codebook, municipality_codes)
    left_out = table["cell_id"].isna()
    table["cell"] = table["cell_id"].fillna("-1").astype("int64")
    table["stratum"] = table["cell"]
    table["N"], table["r"] = table["population_n"], table["respondent_n"]
    totals = table.groupby("cell")[["N", "r"]].transform("sum")
    table["cell_N"], table["cell_r"] = totals["N"], totals["r"]
    table["outcome"] = left_out.map({True: NO_ANSWERS, False: ""})
    columns = [*RAW_CELL, "cell", "stratum", "N", "r", "cell_N", "cell_r", "outcome"]
    return table.sort_values(RAW_CELL, ignore_index=True)[columns]
