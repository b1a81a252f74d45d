"""
A printed table as a file in, a file of findings out: the plain-file side of `checks`.
"""

from io import StringIO
from pathlib import Path

import pandas as pd

from borgerpuls.errors import FileIsMissing, ValueIsUnreadable
from borgerpuls.estimation.checks import check_figures


def check_figure_file(path: Path, out: Path, *, mean_decimals: int | None = None) -> tuple[int, int]:
    """
    Check the table at *path* and write `findings.csv` into the folder *out*.

    Returns:
        Rows read and findings written.

    Raises:
        FileIsMissing, ColumnIsMissing, ValueIsUnreadable: The table cannot be read.
    """
    table = read_figure_table(path)
    findings = check_figures(table, mean_decimals=mean_decimals)
    out.mkdir(parents=True, exist_ok=True)
    findings.to_csv(out / "findings.csv", index=False, lineterminator="\n")
    return len(table), len(findings)


def read_figure_table(path: Path) -> pd.DataFrame:
    """Return a comma-separated UTF-8 file with every value as text (a byte order mark is accepted)."""
    if not path.is_file():
        raise FileIsMissing("There is no such file.", where=path.name, next_step="Check the name and the folder.")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueIsUnreadable(
            f"Byte {error.start} is not UTF-8.", where=path.name, next_step="Save the table as CSV UTF-8."
        ) from None
    header = text.split("\n", 1)[0]
    if header.count(";") > header.count(","):
        raise ValueIsUnreadable(
            "The columns are separated by semicolons.",
            where=path.name,
            next_step="Save the table with commas between columns and points in decimals.",
        )
    try:
        return pd.read_csv(StringIO(text), dtype="str", keep_default_na=False, index_col=False, on_bad_lines="error")
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        raise ValueIsUnreadable(
            f"The table cannot be read ({error}).".replace("\n", " "),
            where=path.name,
            next_step="Every line needs as many fields as the header.",
        ) from None
