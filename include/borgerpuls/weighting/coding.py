"""
Between the names of the tables and the numbers of the plain files that the methods work on.

The plain files number municipalities, sexes, age groups and target groups from 0 in the codebook's order.
"""

from collections.abc import Sequence

import pandas as pd

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.errors import UnknownCode

ROUND = 1
"""The number of the one round that a stage works on."""


def number_codes(table: pd.DataFrame, codebook: Codebook, municipality_codes: Sequence[str]) -> pd.DataFrame:
    """
    Return *table* with the columns `round, muni, sex, age, tg` that the methods expect, as whole numbers.

    Args:
        table: `municipality_code, sex, age_group, target_group` as text; other columns are kept (`sex` is replaced).
        codebook: Gives the order of each variable's codes.
        municipality_codes: The participating municipalities; their order gives their numbers.

    Raises:
        UnknownCode: A code is in no codebook of this round.
    """
    orders = {
        "muni": ("municipality_code", list(municipality_codes)),
        "sex": ("sex", list(codebook.labels("sex"))),
        "age": ("age_group", list(codebook.labels("age_group"))),
        "tg": ("target_group", list(codebook.labels("target_group"))),
    }
    numbered = table.copy()
    numbered["round"] = ROUND
    for name, (column, order) in orders.items():
        numbered[name] = code_numbers(table[column], order)
    return numbered


def code_numbers(codes: pd.Series, order: Sequence[str]) -> pd.Series:
    """Return the position of each code in *order*; raises UnknownCode for any other, a missing one included."""
    numbers = codes.map({code: place for place, code in enumerate(order)})
    if numbers.isna().any():
        unknown = ", ".join(sorted(codes[numbers.isna()].astype("str").unique())[:5])
        raise UnknownCode(
            f"{int(numbers.isna().sum())} rows have codes outside the codebook: {unknown}.",
            where=str(codes.name),
            next_step="Check the round's codebook version.",
        )
    return numbers.astype("int64")
