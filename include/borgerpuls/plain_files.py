"""
Plain files: read and write the comma-separated tables of the commands for statisticians.

A file is UTF-8 with a head. Columns that are not asked for are ignored; an empty value or NA is missing. What cannot be
read is named by file, column and line, never by its content.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from borgerpuls.errors import CodeIsOutOfRange, ColumnIsMissing, FileIsMissing, ValueIsUnreadable

NOT_PROTECTED = (
    "These files are not protected by disclosure control: small groups are shown as they are. Do not publish them."
)


def read_plain(
    folder: Path,
    name: str,
    needed: Sequence[str],
    *,
    optional: Callable[[str], bool] = lambda _: False,
    when_missing: str = "The command's --help lists the files it reads.",
) -> pd.DataFrame:
    """
    Read some columns of a table as text.

    Args:
        folder: Folder with the file.
        name: File name.
        needed: Columns that must be there.
        optional: Which further columns to read.
        when_missing: What to do when there is no such file.

    Returns:
        The columns, in the order of the file; values are text, missing values are NA.

    Raises:
        FileIsMissing: There is no such file.
        ColumnIsMissing: A needed column is not in it.
        ValueIsUnreadable: It is no comma-separated UTF-8 table.
    """
    path = folder / name
    if not path.is_file():
        raise FileIsMissing(f"There is no file {name}.", where=str(folder), next_step=when_missing)
    try:
        with path.open(encoding="utf-8-sig") as file, warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # lines longer than the head, which pandas would cut
            head = file.readline()
            if head.count(";") > head.count(","):
                raise ValueIsUnreadable(
                    "The columns are separated by semicolons.",
                    where=name,
                    next_step="Save it with commas between columns and points in decimals.",
                )
            file.seek(0)
            table = pd.read_csv(
                file,
                dtype="str",
                keep_default_na=False,
                na_values=["", "NA"],
                index_col=False,
            )
    except (
        UnicodeDecodeError,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
        pd.errors.EmptyDataError,
    ) as error:
        raise ValueIsUnreadable(
            "The file is not a comma-separated UTF-8 table with as many fields in every line as in its head.",
            where=name,
            next_step="Save it as CSV with commas, in UTF-8.",
        ) from error
    absent = [column for column in needed if column not in table.columns]
    if absent:
        raise ColumnIsMissing(
            f"Column {', '.join(absent)} is missing.",
            where=name,
            next_step=f"The file needs the columns {', '.join(needed)}.",
        )
    return table[[column for column in table.columns if column in needed or optional(str(column))]]


def whole_numbers(
    table: pd.DataFrame, columns: Iterable[str], name: str, *, allowed: Iterable[int] | None = None, empty: bool = False
) -> None:
    """
    Turn text columns into whole numbers, in place; columns that may be empty become floats with NaN.

    Args:
        table: As read.
        columns: Which columns.
        name: The file, for messages.
        allowed: The codes that may occur; default any whole number.
        empty: Whether a value may be missing.

    Raises:
        ValueIsUnreadable: A value is missing, or no whole number.
        CodeIsOutOfRange: A value is not in *allowed*.
    """
    codes = None if allowed is None else sorted(allowed)
    for column in columns:
        numbers = _numbers(table[column])
        unreadable = numbers.isna() & table[column].notna() | ~np.isfinite(numbers.fillna(0.0))
        unreadable |= numbers.notna() & (numbers != np.floor(numbers))
        if not empty:
            unreadable |= table[column].isna()
        if unreadable.any():
            raise ValueIsUnreadable(
                f"{int(unreadable.sum())} values are not whole numbers{'' if empty else ' or are missing'}.",
                where=_place(name, column, unreadable),
                next_step="Correct the lines, or make the file again.",
            )
        if codes is not None:
            outside = numbers.notna() & ~numbers.isin(codes)
            if outside.any():
                raise CodeIsOutOfRange(
                    f"{int(outside.sum())} values are not among the codes {_shown(codes)}.",
                    where=_place(name, column, outside),
                    next_step="Use the codes of the codebook" + ("; leave missing answers empty." if empty else "."),
                )
        table[column] = numbers if empty else numbers.astype(np.int64)


def numbers(table: pd.DataFrame, column: str, name: str) -> None:
    """Turn a text column into numbers, in place; raises ValueIsUnreadable where a value is missing or no number."""
    values = _numbers(table[column])
    unreadable = values.isna()
    if unreadable.any():
        raise ValueIsUnreadable(
            f"{int(unreadable.sum())} values are not numbers or are missing.",
            where=_place(name, column, unreadable),
            next_step="Write numbers with a decimal point, and none of them empty.",
        )
    table[column] = values


def natural(values: pd.Series) -> pd.Series:
    """Return text as whole numbers where every value is written as one, else as it is."""
    whole = values.str.fullmatch(r"-?(0|[1-9]\d{0,17})")
    return values.astype(np.int64) if bool(whole.all()) else values


def require_values(table: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Raise ValueIsUnreadable where a value is missing."""
    for column in columns:
        missing = table[column].isna()
        if missing.any():
            raise ValueIsUnreadable(
                f"{int(missing.sum())} values are missing.",
                where=_place(name, column, missing),
                next_step="Fill them in, or leave the rows out.",
            )


def write_plain(table: pd.DataFrame, folder: Path, name: str) -> None:
    """Write a table; missing values are empty, numbers have all their digits, whole numbers no point."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / name, index=False, lineterminator="\n")


def _numbers(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values, errors="coerce").astype(float)


def _place(name: str, column: str, marked: pd.Series) -> str:
    return f"{name}, column {column}, first at line {int(np.flatnonzero(marked.to_numpy())[0]) + 2}"


def _shown(codes: list[int]) -> str:
    if len(codes) > 2 and codes == list(range(codes[0], codes[-1] + 1)):
        return f"{codes[0]} to {codes[-1]}"
    return " or ".join(str(code) for code in codes)
