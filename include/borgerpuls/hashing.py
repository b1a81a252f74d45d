"""
Fingerprints of files and tables, so that "the same" can be checked.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def table_sha256(table: "pd.DataFrame") -> str:
    """Return the SHA-256 of a table's columns and rows as CSV, in hexadecimal; the order of rows counts."""
    return hashlib.sha256(table.to_csv(index=False, float_format="%.12g").encode()).hexdigest()
