"""
The data files inside this package: read as text, so that code '0101' keeps its zero.
"""

import csv
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@cache
def read_text(name: str) -> str:
    """Return a data file, by its path below `data/`, as text."""
    return files("borgerpuls.codebooks").joinpath("data").joinpath(*name.split("/")).read_text("utf-8")


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV data file, every field as text."""
    return list(csv.DictReader(StringIO(read_text(name))))


def read_table(name: str) -> "pd.DataFrame":
    """Return a CSV data file with every column as text; empty fields are empty text, never missing."""
    import pandas as pd

    return pd.read_csv(StringIO(read_text(name)), dtype="str", keep_default_na=False)


def read_figures(name: str) -> "pd.DataFrame":
    """Return a CSV data file of published figures, numbers as numbers and empty fields as missing."""
    import pandas as pd

    return pd.read_csv(StringIO(read_text(name)))
