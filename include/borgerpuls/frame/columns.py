"""
The columns of an extract: which must be there, which the survey reads, and what a heading that fails resembles.

The list itself is codebook data (`extract_schema.csv`). A heading is shown to a reader only when it looks like a name
of a column: in a file without headings the first line is a person.
"""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from borgerpuls.codebooks.placement import extract_schema
from borgerpuls.errors import ExtractIsRefused
from borgerpuls.frame.texts import refusal_text

USED = (
    "kommune_kode", "cpr", "fornavn", "efternavn", "ydelse_kode", "maalgruppe_kode", "visitation_kode", "forloeb_id",
    "forloeb_start", "forloeb_slut", "sammenhaengende_start", "mobil", "adressebeskyttet", "co_navn", "vejnavn",
    "husnr", "etage", "side", "postnr", "doed_udrejst", "sprog", "lokal_1", "lokal_2", "lokal_3",
)  # fmt: skip
"""The columns the survey reads. The others are judged by nobody and kept only in the encrypted file."""

LIKENESS = 0.7
_LIKE_A_HEADING = re.compile(r"[a-zæøå][a-zæøå _.-]{1,39}[1-3]?")


def known_columns() -> tuple[str, ...]:
    """Return every column of the extract, in the order of the schema."""
    return tuple(extract_schema()["kolonne"])


def required_columns() -> tuple[str, ...]:
    """Return the columns that an extract must have."""
    schema = extract_schema()
    return tuple(schema.loc[schema["obligatorisk"] == "ja", "kolonne"])


def as_heading(cell: str) -> str:
    """Return a heading as the schema spells it: no case, no space around."""
    return cell.strip().strip("'\"").casefold()


def check_columns(headings: Sequence[str]) -> int:
    """
    Return how many columns are unknown and will not be read.

    Args:
        headings: As `as_heading` gives them.

    Raises:
        ExtractIsRefused: A known column stands twice, a required one is missing, or an optional one seems renamed.
    """
    known, required = known_columns(), required_columns()
    count = Counter(headings)
    repeated = [column for column in known if count[column] > 1]
    if repeated:
        raise ExtractIsRefused(refusal_text("columns_repeated", columns=", ".join(repeated)))
    unknown = [heading for heading in headings if heading and heading not in known]
    near = {column: _nearest(column, unknown) for column in known if column not in count}
    missing = [column for column in near if column in required or (column in USED and near[column])]
    if missing:
        named = [
            refusal_text("column_missing_near", column=column, near=near[column]) if near[column] else column
            for column in missing
        ]
        raise ExtractIsRefused(refusal_text("columns_missing", columns=", ".join(named)))
    return len(unknown)


def _nearest(column: str, unknown: Sequence[str]) -> str:
    """Return the unknown heading that most resembles a missing column, or empty text."""
    readable = [heading for heading in unknown if _LIKE_A_HEADING.fullmatch(heading)]
    longer = [heading for heading in readable if heading.startswith(column)]
    found = longer or get_close_matches(column, readable, n=1, cutoff=LIKENESS)
    return found[0] if found else ""
