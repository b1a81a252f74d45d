"""
Estimation on plain files: `borgerpuls estimate`.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from borgerpuls.estimation.estimates import SCALE, Partition, standard_partitions
from borgerpuls.estimation.tables import SurveyTables, estimate_survey
from borgerpuls.estimation.variance import Variance
from borgerpuls.plain_files import whole_numbers, write_plain
from borgerpuls.weighting.cells import MINIMUM_CELL
from borgerpuls.weighting.files import RESPONDENTS, match_rounds, read_population, read_respondents, write_collapse

_ITEM = re.compile(r"q[\d_]\w*")
_OPTION = re.compile(r"m[\d_]\w*")
_LOWEST_DURATION = -1
"""Duration of a course that has ended: in no duration group."""

_STATUS = {"status": (0, 1), "dur": (0, 1, 2, 3)}


def estimate_files(
    folder: Path,
    out: Path,
    *,
    order: Sequence[int],
    minimum: int = MINIMUM_CELL,
    variance: Variance = Variance.CELLS,
    flags: Sequence[str] = (),
) -> SurveyTables:
    """
    Estimate from the answers in a folder; write weights, estimates, differences, multiselect, collapse and merges.

    Args:
        folder: Folder with respondents.csv and population_cells.csv.
        out: Folder to write to.
        order: Collapse order of the target groups.
        minimum: Fewest answers of a cell.
        variance: Which variance.
        flags: Further columns of whole numbers to split by.
    """
    respondents, items, options, partitions = read_answers(folder, order, flags)
    population = read_population(folder, order)
    match_rounds(respondents, population)
    tables = estimate_survey(
        respondents,
        population,
        order=order,
        items=items,
        options=options,
        partitions=partitions,
        minimum=minimum,
        variance=variance,
    )
    write_plain(tables.weights, out, "weights.csv")
    write_plain(_whole(tables.estimates, "df"), out, "estimates.csv")
    write_plain(_whole(tables.differences, "round"), out, "differences.csv")
    write_plain(_whole(tables.multiselect, "df"), out, "multiselect.csv")
    write_collapse(tables.collapse, out)
    return tables


def read_answers(
    folder: Path, order: Sequence[int], flags: Sequence[str] = ()
) -> tuple[pd.DataFrame, list[str], list[str], list[Partition]]:
    """
    Read respondents.csv with its items and options, in the order of its columns.

    Returns:
        Respondents, names of items (`q1`, `q_trust`, ...), names of options (`m1`, `m_other`, ...), and the partitions
        that the columns allow: status and dur may be absent.

    Raises:
        BorgerpulsError: As `read_respondents`; `CodeIsOutOfRange` also for answers that are not 1-5 (options: 0 or 1).
    """
    table = read_respondents(
        folder,
        order,
        also_needed=flags,
        optional=lambda name: name in _STATUS or bool(_ITEM.fullmatch(name) or _OPTION.fullmatch(name)),
    )
    items = [name for name in table.columns if _ITEM.fullmatch(name)]
    options = [name for name in table.columns if _OPTION.fullmatch(name)]
    whole_numbers(table, items, RESPONDENTS, allowed=SCALE, empty=True)
    whole_numbers(table, options, RESPONDENTS, allowed=(0, 1), empty=True)
    for name, codes in _STATUS.items():
        if name in table:
            ended = [_LOWEST_DURATION] if name == "dur" else []
            whole_numbers(table, [name], RESPONDENTS, allowed=[*ended, *codes], empty=True)
    whole_numbers(table, flags, RESPONDENTS, empty=True)
    flag_codes = {flag: sorted({int(code) for code in table[flag].dropna()}) for flag in flags}
    partitions = standard_partitions(max(order) + 1, flag_codes)
    return table, items, options, [way for way in partitions if way.column is None or way.column in table]


def _whole(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Write a column of whole numbers without decimals although some are missing."""
    if column not in table or not pd.api.types.is_float_dtype(table[column]):
        return table
    whole = pd.array(np.asarray(table[column]), dtype="Float64").astype("Int64")
    return table.assign(**{column: whole})
