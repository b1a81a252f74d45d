"""
Weighting on plain files: `borgerpuls weight`, and the reading that estimation shares with it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from borgerpuls.errors import CollapseOrderIsIncomplete
from borgerpuls.plain_files import natural, numbers, read_plain, require_values, whole_numbers, write_plain
from borgerpuls.weighting.cells import (
    MINIMUM_CELL,
    RAW_CELL,
    Collapse,
    check_ids,
    collapse_cells,
    margin_gaps,
    weight_to_population,
)
from borgerpuls.weighting.raking import rake_inside_municipalities, trim, weight_summary

RESPONDENTS = "respondents.csv"
POPULATION = "population_cells.csv"

SEX_CODES, AGE_CODES = (0, 1), (0, 1, 2)
MUNICIPALITY_CODES = range(10000)


@dataclass(frozen=True)
class WeightReport:
    """What the command says when it is done: answers, municipalities left out (round, municipality) and merges."""

    answers: int
    left_out: list[tuple[object, int]]
    merges: int


def weight_files(
    folder: Path,
    out: Path,
    *,
    order: Sequence[int],
    minimum: int = MINIMUM_CELL,
    margins: Sequence[str] = (),
    trim_at: float | None = None,
) -> WeightReport:
    """
    Weight the answers in a folder and write weights.csv, collapse.csv, merges.csv, margins.csv and summary.csv.

    Args:
        folder: Folder with respondents.csv and population_cells.csv.
        out: Folder to write to.
        order: Collapse order of the target groups.
        minimum: Fewest answers of a cell.
        margins: Variables to rake each municipality to; none by default.
        trim_at: Largest weight, in medians of the round's weights; no trimming by default.
    """
    respondents = read_respondents(folder, order)
    population = read_population(folder, order)
    match_rounds(respondents, population)
    collapse = collapse_cells(population, respondents, order=order, minimum=minimum)
    weights = weight_to_population(respondents, collapse)
    if margins:
        weights["weight"] = rake_inside_municipalities(weights["weight"], respondents, population, margins)
    if trim_at is not None:
        for _, part in weights.groupby("round"):
            weights.loc[part.index, "weight"] = trim(part["weight"], upper=trim_at * float(part["weight"].median()))
    gaps = margin_gaps(respondents, weights, collapse)
    ordered = weights.sort_values("round", kind="stable")
    write_plain(ordered[["id", "weight", "round", "muni", "cell", "stratum"]], out, "weights.csv")
    write_collapse(collapse, out)
    write_plain(gaps, out, "margins.csv")
    write_plain(weight_summary(weights), out, "summary.csv")
    return WeightReport(len(weights), left_out(collapse), len(collapse.merges))


def write_collapse(collapse: Collapse, out: Path) -> None:
    """Write collapse.csv (round, muni, sex, age, tg, cell, stratum, N, r, ...) and merges.csv."""
    write_plain(collapse.cells, out, "collapse.csv")
    write_plain(collapse.merges, out, "merges.csv")


def left_out(collapse: Collapse) -> list[tuple[object, int]]:
    """Return (round, municipality) of every municipality without answers."""
    return list(zip(collapse.left_out["round"].tolist(), collapse.left_out["muni"].tolist(), strict=True))


def read_respondents(
    folder: Path,
    order: Sequence[int],
    *,
    also_needed: Sequence[str] = (),
    optional: Callable[[str], bool] = lambda _: False,
) -> pd.DataFrame:
    """
    Read respondents.csv: `id, round, muni, sex, age, tg` checked, and *also_needed* and *optional* columns as text.

    Raises:
        BorgerpulsError: `FileIsMissing`, `ColumnIsMissing`, `ValueIsUnreadable`, `CodeIsOutOfRange`,
            `AnswerAppearsTwice`, by file, column and line.
    """
    table = read_plain(folder, RESPONDENTS, ["id", *RAW_CELL, *also_needed], optional=optional)
    require_values(table, ["id", "round"], RESPONDENTS)
    table["id"], table["round"] = natural(table["id"]), natural(table["round"])
    _read_codes(table, RESPONDENTS, order)
    check_ids(table)
    return table


def read_population(folder: Path, order: Sequence[int]) -> pd.DataFrame:
    """Read population_cells.csv: `round, muni, sex, age, tg, N`; errors as `read_respondents`."""
    table = read_plain(folder, POPULATION, [*RAW_CELL, "N"])
    require_values(table, ["round"], POPULATION)
    table["round"] = natural(table["round"])
    _read_codes(table, POPULATION, order)
    numbers(table, "N", POPULATION)
    return table


def match_rounds(respondents: pd.DataFrame, population: pd.DataFrame) -> None:
    """Make the rounds of both tables text, in place, where only one of them has whole numbers throughout."""
    if respondents["round"].dtype != population["round"].dtype:
        for table in (respondents, population):
            table["round"] = table["round"].astype("str")


def parse_order(text: str) -> tuple[int, ...]:
    """Read a collapse order such as 1,0,2,3; raises CollapseOrderIsIncomplete where it is none."""
    if not re.fullmatch(r"\d+(,\d+)*", text.replace(" ", "")):
        raise CollapseOrderIsIncomplete(
            f"'{text}' is no collapse order.",
            where="--collapse-order",
            next_step="Write the codes of the target groups with commas, such as 1,0,2,3.",
        )
    return tuple(int(code) for code in text.replace(" ", "").split(","))


def _read_codes(table: pd.DataFrame, name: str, order: Sequence[int]) -> None:
    whole_numbers(table, ["muni"], name, allowed=MUNICIPALITY_CODES)
    whole_numbers(table, ["sex"], name, allowed=SEX_CODES)
    whole_numbers(table, ["age"], name, allowed=AGE_CODES)
    whole_numbers(table, ["tg"], name, allowed=order)
