"""
The way to PostgreSQL: one engine per login, one role per stage, SQL from files, bulk by COPY.

A transaction names its stage and works with that stage's database role, so that what a stage may read and write is
stated once, in `sql/schema/`, and enforced by the database.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, TextClause, create_engine, text

from borgerpuls.resources import resource_folder
from borgerpuls.settings import settings

if TYPE_CHECKING:
    import pandas as pd

COPY_NULL = "\x1f"
"""Stands for NULL in COPY: a control character no text may hold, so that an empty text stays an empty text."""


_engines: dict[str, Engine] = {}


def engine(url_setting: str = "database_url") -> Engine:
    """Return the engine of a login, made once per process."""
    if url_setting not in _engines:
        url = settings().require(url_setting)
        _engines[url_setting] = create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10)
    return _engines[url_setting]


def close_engines() -> None:
    """Close every connection of this process, so that the next one follows the settings of its time."""
    while _engines:
        _engines.popitem()[1].dispose()


@contextmanager
def transaction(stage: str) -> Iterator[Connection]:
    """Yield a connection that works with the role of *stage* and commits at the end, or rolls back."""
    with engine().begin() as connection:
        connection.execute(text(f'SET LOCAL ROLE "borgerpuls_{stage}"'))
        yield connection


@lru_cache(maxsize=256)
def load_query(path: str) -> TextClause:
    """Return the statement in `sql/<path>`, with its `:named` parameters."""
    return text((resource_folder("sql") / path).read_text(encoding="utf-8"))


def read_rows(connection: Connection, path: str, **parameters: object) -> list[Row[Any]]:
    """Return what the statement in `sql/<path>` selects, for readers that need no table (and not the memory of pandas)."""
    return list(connection.execute(load_query(path), parameters))


def stream_rows(connection: Connection, path: str, **parameters: object) -> Iterator[Row[Any]]:
    """Yield what the statement in `sql/<path>` selects, a few hundred rows in memory at a time."""
    yield from connection.execute(load_query(path), parameters, execution_options={"yield_per": 500})


def read_table(connection: Connection, path: str, **parameters: object) -> "pd.DataFrame":
    """Return what the statement in `sql/<path>` selects, one row per row."""
    import pandas as pd

    result = connection.execute(load_query(path), parameters)
    columns = list(result.keys())
    # The driver's own tuples: pandas looks for field names on every Row, which costs more than the query.
    rows = result.cursor.fetchall() if result.cursor is not None else []
    return pd.DataFrame(rows, columns=columns)


def copy_rows(connection: Connection, table: str, rows: "pd.DataFrame") -> int:
    """
    Append *rows* to *table* with COPY, and return how many.

    Args:
        connection: An open transaction.
        table: Schema-qualified table name.
        rows: Columns named as the table's. Missing values become NULL, bytes become bytea, lists become arrays.
    """
    if rows.empty:
        return 0
    import pandas as pd

    encoded = pd.DataFrame({name: _as_copy_text(rows[name]) for name in rows.columns})
    buffer = io.StringIO()
    encoded.to_csv(buffer, index=False, header=False, na_rep=COPY_NULL)
    columns = ", ".join(f'"{name}"' for name in rows.columns)
    raw = connection.connection.driver_connection
    if raw is None:  # pragma: no cover - a closed connection cannot reach this line
        message = "the connection is closed"
        raise RuntimeError(message)
    with raw.cursor().copy(f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv, NULL '{COPY_NULL}')") as copy:
        copy.write(buffer.getvalue())
    return len(rows)


def _as_copy_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if column.dtype != object:
        return column
    return column.map(_cell, na_action="ignore")


def _cell(value: object) -> object:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, list | tuple):
        return "{" + ",".join('"' + str(part).replace("\\", "\\\\").replace('"', '\\"') + '"' for part in value) + "}"
    return value
