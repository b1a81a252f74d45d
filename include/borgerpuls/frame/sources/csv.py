"""
A municipality's extract as a text file: bytes in, rows of text out, nothing dropped and nothing guessed.

Real exports come as UTF-8, UTF-8 with a byte order mark or windows-1252, separated by semicolon, comma, tab or bar.
What a value means is not decided here (see normalisation.py), nor whether a row holds (see expectations.py).
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import pandas as pd

from borgerpuls.errors import ExtractIsRefused
from borgerpuls.frame.columns import USED, as_heading, check_columns, known_columns
from borgerpuls.frame.texts import refusal_text

DELIMITERS = (";", ",", "\t", "|")
BYTE_ORDER_MARK = "﻿"
_LINE_END = re.compile(r"\r\n|\n|\r")
# æ ø å Æ Ø Å written as UTF-8 and read as windows-1252, and the letters of DOS code page 865 read as windows-1252.
_TWICE_ENCODED = re.compile("Ã[¦¸¥†˜…]")
_DOS_LETTERS = re.compile("[A-Za-z][‘›†][a-z]|[a-z]‘")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx (a zip archive) and .xls begin."""
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DANISH_LETTERS = re.compile("[æøåÆØÅ]")


@dataclass(frozen=True)
class Extract:
    """
    One file as it was read.

    `rows` has one row per row of the file and the columns of `columns.USED` as text (empty text where the file has
    none), and `kilde_system`, `udtraek_id`, `antal_felter` (fields in the row), `antal_kolonner` (fields in the
    heading) and `row_number` (line in the file as a spreadsheet shows it; the heading is line 1). Blank lines are no
    rows.
    """

    rows: pd.DataFrame
    encoding: str
    delimiter: str
    unread_column_count: int
    text: str

    @property
    def source_system(self) -> str | None:
        """Return the case system that most rows name, or None when no row names a known one."""
        named = Counter(self.rows["kilde_system"].str.strip().str.upper())
        known = [(count, name) for name, count in named.items() if name in {"FASIT", "MOMENTUM", "CSV"}]
        return max(known)[1] if known else None

    @property
    def extract_count(self) -> int:
        """Return how many different extracts the rows come from."""
        return int(self.rows["udtraek_id"].str.strip().nunique())


def read_extract(content: bytes) -> Extract:
    """
    Return the rows of a file.

    Raises:
        ExtractIsRefused: The file is empty, or its character set, delimiter or columns cannot be used. In Danish.
    """
    text, encoding = _decode(content)
    if not text.strip():
        raise ExtractIsRefused(refusal_text("empty"))
    delimiter = _delimiter_of(text)
    lines = _records(text, delimiter)
    heading_line = _heading_line(lines)
    headings = _headings_of(lines[heading_line - 1])
    unread = check_columns(headings)
    numbered = [
        (line, record) for line, record in enumerate(lines, start=1) if line > heading_line and not _is_blank(record)
    ]
    if not numbered:
        raise ExtractIsRefused(refusal_text("empty"))
    return Extract(_table(numbered, headings), encoding, delimiter, unread, text)


def raw_rows(extract: Extract, row_numbers: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return rows exactly as they stand in the file, heading → field; fields without a heading are `felt_N`."""
    lines = _records(extract.text, extract.delimiter)
    headings = _headings_of(lines[_heading_line(lines) - 1])
    return {number: _by_heading(headings, lines[number - 1]) for number in row_numbers}


def _by_heading(headings: Sequence[str], record: Sequence[str]) -> dict[str, str]:
    named = enumerate(zip_longest(headings, record), start=1)
    return {heading or f"felt_{place}": field for place, (heading, field) in named if field is not None}


def _decode(content: bytes) -> tuple[str, str]:
    foreign = _foreign_kind(content)
    if foreign is not None:
        raise ExtractIsRefused(refusal_text(foreign))
    try:
        text, encoding = content.decode("utf-8"), "utf-8"
        if text.startswith(BYTE_ORDER_MARK):
            text, encoding = text.removeprefix(BYTE_ORDER_MARK), "utf-8-sig"
    except UnicodeDecodeError:
        try:
            text, encoding = content.decode("windows-1252"), "windows-1252"
        except UnicodeDecodeError:
            raise ExtractIsRefused(refusal_text("unreadable")) from None
        if _DOS_LETTERS.search(text) and not _DANISH_LETTERS.search(text):
            raise ExtractIsRefused(refusal_text("mangled")) from None
    if _TWICE_ENCODED.search(text):
        raise ExtractIsRefused(refusal_text("mangled"))
    return text, encoding


def _foreign_kind(content: bytes) -> str | None:
    """Return the refusal of what is no text of one byte per letter: a workbook, UTF-16, or no text at all."""
    if content.startswith(_WORKBOOKS):
        return "workbook"
    begin = content[:1000]
    halves = begin[::2], begin[1::2]  # of Latin letters in UTF-16, one byte in two is nought, always the same one
    if content.startswith(_UTF16_MARKS) or any(
        half and half.count(0) > 0.8 * len(half) and not other.count(0) for half, other in (halves, halves[::-1])
    ):
        return "utf16"
    return "no_text" if b"\0" in content else None


def _delimiter_of(text: str) -> str:
    """Return the delimiter that gives the most known columns in the first line with text."""
    first = _LINE_END.split(text.lstrip(), maxsplit=1)[0]
    known = set(known_columns())
    found = {delimiter: sum(as_heading(cell) in known for cell in first.split(delimiter)) for delimiter in DELIMITERS}
    best = max(found, key=lambda delimiter: found[delimiter])
    if found[best] < 2:
        raise ExtractIsRefused(refusal_text("delimiter"))
    return best


def _records(text: str, delimiter: str) -> list[list[str]]:
    """
    Return the fields of every line, blank ones too.

    A quoted field may hold a line break. But a quotation mark that was never closed would swallow the rows after it:
    where a field with a line break also holds a delimiter, every line is read by itself, so that the mark costs its own
    row and no other.
    """
    records = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines_before = 0
        for record in reader:
            if reader.line_num - lines_before > 1 and any(
                delimiter in field and _LINE_END.search(field) for field in record
            ):
                return _line_by_line(text, delimiter)
            lines_before = reader.line_num
            records.append(record)
    except csv.Error:
        return _line_by_line(text, delimiter)
    return records


def _line_by_line(text: str, delimiter: str) -> list[list[str]]:
    return [_fields(line, delimiter) for line in _LINE_END.split(text)]


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _is_blank(record: Sequence[str]) -> bool:
    return not any(field.strip() for field in record)


def _heading_line(lines: Sequence[Sequence[str]]) -> int:
    return next(line for line, record in enumerate(lines, start=1) if not _is_blank(record))


def _headings_of(record: Sequence[str]) -> list[str]:
    return [as_heading(cell) for cell in record]


def _table(numbered: Sequence[tuple[int, Sequence[str]]], headings: Sequence[str]) -> pd.DataFrame:
    width = len(headings)
    records = [record for _, record in numbered]
    padded = [
        record if len(record) == width else [*record[:width], *[""] * (width - len(record))] for record in records
    ]
    by_heading: Mapping[str, Sequence[str]] = dict(zip(headings, zip(*padded, strict=True), strict=True))
    empty = ("",) * len(records)
    wanted = (*USED, "kilde_system", "udtraek_id")
    table = pd.DataFrame({name: pd.Series(by_heading.get(name, empty), dtype="str") for name in wanted})
    table["antal_felter"] = [len(record) for record in records]
    table["antal_kolonner"] = width
    table["row_number"] = [line for line, _ in numbered]
    return table
