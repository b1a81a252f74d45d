"""
A printed table as a file in, a file of findings out: the plain-file side of `checks`.
"""

from pathlib import Path

from borgerpuls.estimation.checks import INPUT_COLUMNS, check_figures
from borgerpuls.plain_files import read_plain, write_plain


def check_figure_file(path: Path, out: Path, *, mean_decimals: int | None = None) -> tuple[int, int]:
    """
    Check the table at *path* and write `findings.csv` into the folder *out*.

    Returns:
        Rows read and findings written.

    Raises:
        FileIsMissing, ColumnIsMissing, ValueIsUnreadable: The table cannot be read.
    """
    table = read_plain(path.parent, path.name, INPUT_COLUMNS)
    findings = check_figures(table, mean_decimals=mean_decimals)
    write_plain(findings, out, "findings.csv")
    return len(table), len(findings)
