"""
Weighting cells: merge thin cells between neighbours, then weight answers up to the population.

A cell is municipality × sex × age × target group. One with fewer than *minimum* answers is merged with a neighbour:
first inside municipality × sex × age along the collapse order of the target groups, then with the neighbouring age of
the same sex, then with the other sex. Every merge is recorded. The weight of an answer is the persons of its cell
divided by the answers of its cell, so weights sum to the population of every cell and municipality with answers.

Source: cell weighting (post-stratification), Holt & Smith (1979), JRSS A 142(1), 33-46; the order of merging is this
survey's own and is printed in the method appendix.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import (
    AnswerAppearsTwice,
    CellAppearsTwice,
    CellIsMissing,
    CodeIsOutOfRange,
    CollapseOrderIsIncomplete,
    MoreAnswersThanPeople,
    PopulationIsNotACount,
    RoundHasNoAnswers,
)

RAW_CELL = ["round", "muni", "sex", "age", "tg"]
MINIMUM_CELL = 5
"""Fewest answers a cell may have before it is merged (STATISTICS.md, Weights)."""

SEXES, AGES, TARGET_GROUPS = 2, 3, 4
"""Categories in the plain-file codes: sex 0-1, age 0-2, target group 0-3 (0-4 from 2024)."""

NO_ANSWERS = "no answers: the municipality is left out"


@dataclass(frozen=True)
class Collapse:
    """
    The weighting cells of one or more rounds.

    Attributes:
        cells: One row per raw cell, sorted by round, muni, sex, age, tg. Columns `round, muni, sex, age, tg`;
            `cell` (weighting cell) and `stratum` (municipality × sex × age after merging), whole numbers that are
            unique inside a round; `N` persons and `r` answers of the raw cell; `cell_N` and `cell_r` those of the
            weighting cell; `outcome`, empty or why the cell takes no part.
        merges: One row per merge, in the order they were made. Columns `round, muni, step` (`target group`, `age` or
            `sex`), `part`, `part_answers`, `neighbour`, `neighbour_answers`.
        left_out: Municipalities without answers. Columns `round, muni, N`.
    """

    cells: pd.DataFrame
    merges: pd.DataFrame
    left_out: pd.DataFrame


@dataclass
class _Block:
    """A municipality × sex × age block, or several after merging; `parts` are its groups along the collapse order."""

    members: list[tuple[int, int]]
    parts: list[list[int]]
    counts: list[int]

    @property
    def answers(self) -> int:
        return sum(self.counts)

    def years_from(self, other: "_Block") -> int:
        return min(abs(a - b) for _, a in self.members for _, b in other.members)

    def shares_sex_with(self, other: "_Block") -> bool:
        return bool({sex for sex, _ in self.members} & {sex for sex, _ in other.members})

    def name(self) -> str:
        return " + ".join(f"sex {sex} age {age}" for sex, age in self.members)


@dataclass
class _Log:
    """The merges made so far."""

    rows: list[tuple[int, int, str, str, int, str, int]] = field(default_factory=list)

    def table(self) -> pd.DataFrame:
        columns = ["round", "muni", "step", "part", "part_answers", "neighbour", "neighbour_answers"]
        return pd.DataFrame(self.rows, columns=columns)


def collapse_cells(
    population: pd.DataFrame,
    respondents: pd.DataFrame,
    *,
    order: Sequence[int],
    minimum: int = MINIMUM_CELL,
) -> Collapse:
    """
    Return the weighting cell of every raw cell, with the log of merges.

    Args:
        population: One row per raw cell; whole numbers in `round, muni, sex, age, tg` and `N`, persons, >= 0. A raw
            cell that is absent holds nobody.
        respondents: One row per answer; whole numbers in `round, muni, sex, age, tg`; other columns are ignored.
        order: Every target group code once; only neighbours in this order are merged.
        minimum: Fewest answers of a cell. 1 merges only cells without answers.

    Returns:
        The cells of all rounds. A municipality without answers is one cell of its own with `outcome` saying that it is
        left out. `cell` is numbered after the first raw cell in it (in collapse order), `stratum` after its first
        municipality × sex × age block.

    Raises:
        PopulationIsNotACount: `N` is negative, fractional or missing.
        CellAppearsTwice: A raw cell has two rows.
        CellIsMissing: An answer lies in a raw cell that has no row.
        MoreAnswersThanPeople: A raw cell has more answers than persons.
        CollapseOrderIsIncomplete: *order* misses a target group or names one twice.
        CodeIsOutOfRange: A sex or age code is negative.
        RoundHasNoAnswers: A round in *population* has no answer at all.
    """
    if population.empty:
        raise CellIsMissing(
            "The population table has no cell.", where="population_cells", next_step="Add the persons of every cell."
        )
    _check_order(order, population)
    cells = _count_answers(population, respondents)
    log = _Log()
    shape = (
        max(SEXES, int(cells["sex"].max()) + 1),
        max(AGES, int(cells["age"].max()) + 1),
        max(TARGET_GROUPS, max(order) + 1),
    )
    position = {code: place for place, code in enumerate(order)}
    keys = cells[["round", "muni", "sex", "age", "tg"]].to_numpy().tolist()
    answers = cells["r"].tolist()
    cell_label = np.empty(len(cells), dtype=np.int64)
    stratum_label = np.empty(len(cells), dtype=np.int64)

    start = 0
    while start < len(keys):
        survey_round, muni = keys[start][:2]
        stop = start
        rows: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
        while stop < len(keys) and keys[stop][0] == survey_round and keys[stop][1] == muni:
            _, _, sex, age, tg = keys[stop]
            rows.setdefault((sex, age), {})[tg] = (stop, answers[stop])
            stop += 1
        blocks = []
        for member, groups in rows.items():
            codes = sorted(groups, key=position.__getitem__)
            blocks.append(_Block([member], [[code] for code in codes], [groups[code][1] for code in codes]))
        for block in blocks:
            _merge_target_groups(block, minimum, log, survey_round, muni)
        _merge_blocks(blocks, minimum, log, survey_round, muni)
        for block in blocks:
            first_sex, first_age = block.members[0]
            number = (muni * shape[0] + first_sex) * shape[1] + first_age
            for member in block.members:
                for part in block.parts:
                    for code in part:
                        if code in rows[member]:
                            at = rows[member][code][0]
                            cell_label[at] = number * shape[2] + part[0]
                            stratum_label[at] = number
        start = stop

    cells["cell"] = cell_label
    cells["stratum"] = stratum_label
    cells["cell_N"], cells["cell_r"] = _sums(cells, [cells["round"], cell_label], ["N", "r"])
    (by_municipality,) = _sums(cells, [cells["round"], cells["muni"]], ["r"])
    cells["outcome"] = np.where(by_municipality == 0, NO_ANSWERS, "")
    silent_cells = cells.loc[by_municipality == 0, ["round", "muni", "N"]]
    left_out = silent_cells.groupby(["round", "muni"])[["N"]].sum().reset_index()
    merges = log.table()
    if len(left_out):
        silent = pd.MultiIndex.from_frame(left_out[["round", "muni"]])
        merges = merges[~pd.MultiIndex.from_frame(merges[["round", "muni"]]).isin(silent)].reset_index(drop=True)
    ordered = [*RAW_CELL, "cell", "stratum", "N", "r", "cell_N", "cell_r", "outcome"]
    return Collapse(cells=cells[ordered], merges=merges, left_out=left_out)


def weight_to_population(respondents: pd.DataFrame, collapse: Collapse) -> pd.DataFrame:
    """
    Return the weight of every answer.

    Args:
        respondents: One row per answer with `id, round, muni, sex, age, tg`.
        collapse: The cells that these respondents were counted into.

    Returns:
        Index as *respondents*. Columns `id, round, muni, cell, stratum` and `weight`, persons in the population that
        the answer stands for: persons of the cell divided by its answers.

    Raises:
        AnswerAppearsTwice: An id occurs twice in a round.
        CellIsMissing: An answer lies in a raw cell that *collapse* does not have.
    """
    check_ids(respondents)
    cells = collapse.cells
    place = place_in_cells(cells, respondents)
    if (place < 0).any():
        _raise_missing(respondents.loc[place < 0, RAW_CELL])
    weights = respondents[["id", "round", "muni"]].copy()
    weights["cell"] = cells["cell"].to_numpy()[place]
    weights["stratum"] = cells["stratum"].to_numpy()[place]
    weights["weight"] = cells["cell_N"].to_numpy()[place] / cells["cell_r"].to_numpy()[place]
    return weights


def margin_gaps(
    respondents: pd.DataFrame,
    weights: pd.DataFrame,
    collapse: Collapse,
    *,
    margins: Sequence[str] = ("sex", "age", "tg"),
) -> pd.DataFrame:
    """
    Return how far the weights are from the population on the margins that merging gave up.

    Args:
        respondents: One row per answer.
        weights: `weight` per answer, index as *respondents*.
        collapse: The cells behind the weights.
        margins: Variables to compare inside each municipality.

    Returns:
        One row per round, municipality with answers, variable and category. Columns `round, muni, variable, category,
        N` (persons), `weighted` (sum of weights) and `gap` (weighted minus N, persons).
    """
    taking_part = collapse.cells[collapse.cells["outcome"] == ""]
    weighted = respondents[[*RAW_CELL]].assign(weight=weights["weight"])
    tables = []
    for margin in margins:
        keys = ["round", "muni", margin]
        table = taking_part.groupby(keys)["N"].sum().to_frame()
        table["weighted"] = weighted.groupby(keys)["weight"].sum()
        table["weighted"] = table["weighted"].fillna(0.0)
        table = table.reset_index().rename(columns={margin: "category"})
        table.insert(2, "variable", margin)
        tables.append(table)
    gaps = pd.concat(tables, ignore_index=True)
    gap = gaps["weighted"] - gaps["N"]
    gaps["gap"] = gap.where(gap.abs() > 1e-9 * gaps["N"].clip(lower=1), 0.0)
    return gaps


def place_in_cells(cells: pd.DataFrame, respondents: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the row (position) of *cells*, sorted by raw cell, that each respondent lies in; −1 where there is none."""
    cell_key = np.zeros(len(cells), dtype=np.int64)
    key = np.zeros(len(respondents), dtype=np.int64)
    known = np.ones(len(respondents), dtype=bool)
    for column in RAW_CELL:
        codes, position = np.unique(cells[column].to_numpy(), return_inverse=True)
        values = respondents[column].to_numpy()
        at = np.minimum(np.searchsorted(codes, values), len(codes) - 1)
        known &= codes[at] == values
        cell_key = cell_key * len(codes) + position
        key = key * len(codes) + at
    place = np.minimum(np.searchsorted(cell_key, key), len(cells) - 1)
    place[~known | (cell_key[place] != key)] = -1
    return place


def check_ids(respondents: pd.DataFrame) -> None:
    """Raise AnswerAppearsTwice where an id occurs twice in a round."""
    doubled = respondents.duplicated(["round", "id"])
    if doubled.any():
        first = respondents.loc[doubled].iloc[0]
        raise AnswerAppearsTwice(
            f"{int(doubled.sum())} answers repeat an id of their round, the first one is id {first['id']}.",
            where=f"respondents, round {first['round']}",
            next_step="Keep one row per answer.",
        )


def _check_order(order: Sequence[int], population: pd.DataFrame) -> None:
    shown = ",".join(str(code) for code in order)
    unknown = sorted(set(population["tg"]) - set(order))
    if unknown:
        raise CollapseOrderIsIncomplete(
            f"Target group {', '.join(str(code) for code in unknown)} is in the population but not in the collapse "
            f"order {shown}.",
            where="population_cells, column tg",
            next_step="Name every target group once, or choose the codebook that has it.",
        )
    if len(set(order)) != len(order) or min(order, default=-1) < 0:
        raise CollapseOrderIsIncomplete(
            f"The collapse order {shown or '(empty)'} does not name every target group exactly once.",
            next_step="Write each code once, such as 1,0,2,3.",
        )


def _count_answers(population: pd.DataFrame, respondents: pd.DataFrame) -> pd.DataFrame:
    total = population["N"]
    wrong = ~(np.isfinite(total) & (total >= 0) & (total == np.floor(total)))
    if wrong.any():
        row = population.loc[wrong].iloc[0]
        raise PopulationIsNotACount(
            f"N is {row['N']:g}: a population total is a whole number of persons, zero or more.",
            where=f"population_cells, {_name(row)}",
            next_step="Correct the extract that the totals come from.",
        )
    for column in ("sex", "age"):
        if (population[column] < 0).any():
            raise CodeIsOutOfRange(
                f"Code {int(population[column].min())} is below 0.",
                where=f"population_cells, column {column}",
                next_step="Use the codes of the codebook.",
            )
    doubled = population.duplicated(RAW_CELL)
    if doubled.any():
        raise CellAppearsTwice(
            "The cell has more than one row.",
            where=f"population_cells, {_name(population.loc[doubled].iloc[0])}",
            next_step="Give each cell one total.",
        )
    cells = population[[*RAW_CELL, "N"]].sort_values(RAW_CELL, ignore_index=True)
    cells["N"] = cells["N"].astype(np.int64)
    place = place_in_cells(cells, respondents)
    if (place < 0).any():
        _raise_missing(respondents.loc[place < 0, RAW_CELL])
    cells["r"] = np.bincount(place, minlength=len(cells))
    crowded = cells["r"] > cells["N"]
    if crowded.any():
        row = cells.loc[crowded].iloc[0]
        raise MoreAnswersThanPeople(
            f"{row['r']} answers from {row['N']} persons.",
            where=_name(row),
            next_step="Take population and answers at the same key date, and count each person once.",
        )
    silent = cells.groupby("round")["r"].sum()
    if (silent == 0).any():
        raise RoundHasNoAnswers(
            "No municipality has an answer.",
            where=f"round {silent.index[silent == 0][0]}",
            next_step="Leave the round out of the population table, or add its answers.",
        )
    return cells


def _sums(cells: pd.DataFrame, keys: Sequence[npt.ArrayLike], columns: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """Sum whole-number columns over rows with equal keys, and give every row its group's sum."""
    group = np.zeros(len(cells), dtype=np.int64)
    for key in keys:
        codes, position = np.unique(np.asarray(key), return_inverse=True)
        group = group * len(codes) + position
    return [np.bincount(group, weights=cells[column]).astype(np.int64)[group] for column in columns]


def _merge_target_groups(block: _Block, minimum: int, log: _Log, survey_round: int, muni: int) -> None:
    """Merge the smallest part with its smaller neighbour (left of equals) until none is thin or one is left."""
    parts, counts = block.parts, block.counts
    while len(parts) > 1:
        thin = counts.index(min(counts))
        if counts[thin] >= minimum:
            return
        if thin == 0:
            other = 1
        elif thin == len(parts) - 1 or counts[thin - 1] <= counts[thin + 1]:
            other = thin - 1
        else:
            other = thin + 1
        names = ["tg " + "+".join(str(code) for code in parts[at]) for at in (thin, other)]
        place = f"{block.name()} "
        log.rows.append(
            (survey_round, muni, "target group", place + names[0], counts[thin], place + names[1], counts[other])
        )
        left, right = min(thin, other), max(thin, other)
        parts[left : right + 1] = [parts[left] + parts[right]]
        counts[left : right + 1] = [counts[left] + counts[right]]


def _merge_blocks(blocks: list[_Block], minimum: int, log: _Log, survey_round: int, muni: int) -> None:
    """Merge the smallest block with the nearest age of its sex, else with the other sex; a merged block is one cell."""
    while len(blocks) > 1:
        thin = min(blocks, key=lambda block: block.answers)
        if thin.answers >= minimum:
            return
        others = [block for block in blocks if block is not thin]
        same_sex = [block for block in others if block.shares_sex_with(thin)]
        other = min(same_sex or others, key=lambda block: (block.years_from(thin), block.answers))
        step = "age" if same_sex else "sex"
        log.rows.append((survey_round, muni, step, thin.name(), thin.answers, other.name(), other.answers))
        first, second = sorted((thin, other), key=blocks.index)
        codes = [code for part in first.parts for code in part]
        codes += [code for part in second.parts for code in part if code not in codes]
        first.members = sorted(first.members + second.members)
        first.parts, first.counts = [codes], [first.answers + second.answers]
        blocks.remove(second)


def _name(row: pd.Series) -> str:
    words = ("round", "municipality", "sex", "age", "target group")
    codes = (f"{code:g}" if isinstance(code, int | float | np.number) else str(code) for code in row[RAW_CELL])
    return ", ".join(f"{word} {code}" for word, code in zip(words, codes, strict=True))


def _raise_missing(absent: pd.DataFrame) -> None:
    cells = absent.drop_duplicates()
    raise CellIsMissing(
        f"{len(absent)} answers lie in {len(cells)} cells that the population table does not have.",
        where=f"first of them {_name(cells.iloc[0])}",
        next_step="Add the cells with their population, or correct the codes of the answers.",
    )
