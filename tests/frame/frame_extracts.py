"""Rows and files of an extract for the frame's tests: a row that holds, and how to spoil it."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date

from borgerpuls.codebooks.placement import extract_schema
from borgerpuls.frame.eligibility import ReferencePeriod

ROUND = "2023-2"
PILOT = ReferencePeriod(date(2023, 4, 1), date(2023, 6, 30), date(2023, 8, 1))

GOOD_ROW = {
    "udtraek_id": "7c9f4a52-06a5-4f6a-9c66-3f0f0a6f5a10",
    "udtraek_tidspunkt": "2023-08-07T06:00:00Z",
    "kilde_system": "CSV",
    "kommune_kode": "0851",
    "fornavn": "Åse",
    "efternavn": "Ærø",
    "ydelse_kode": "sygedagpenge",
    "maalgruppe_kode": "6.6",
    "forloeb_id": "F1",
    "forloeb_start": "2023-01-10",
    "adressebeskyttet": "nej",
}


def cpr_number(serial: int, *, day: int = 61, month: int = 5, year: int = 80) -> str:
    """A replacement number of somebody born in 19xx: the day has 60 added."""
    return f"{day:02d}{month:02d}{year:02d}{serial % 4000:04d}"


def row(serial: int = 1, **values: str) -> dict[str, str]:
    """A row that holds, but for what is said."""
    return GOOD_ROW | {"cpr": cpr_number(serial), "forloeb_id": f"F{serial}"} | values


def as_csv(
    rows: Sequence[Mapping[str, str]],
    *,
    columns: Sequence[str] | None = None,
    delimiter: str = ";",
) -> str:
    """The rows as a file with the columns of the schema, or those given."""
    buffer = io.StringIO()
    writer = csv.DictWriter(
        buffer, columns or list(extract_schema()["kolonne"]), restval="", extrasaction="ignore", delimiter=delimiter
    )
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
