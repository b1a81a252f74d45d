"""
The questionnaire stage: reads forms, calls routing and submission, writes answers, with the questionnaire's own login.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
from sqlalchemy import Connection, text

from borgerpuls.database import engine, load_query
from borgerpuls.errors import UnknownRound
from borgerpuls.questionnaire.definition import Instrument, load_instrument
from borgerpuls.questionnaire.submission import submit_bulk
from borgerpuls.vault import Vault, access_vault


@contextmanager
def questionnaire_transaction() -> Iterator[Connection]:
    """Yield a connection of the service's own login with the questionnaire's role; commits at the end."""
    with engine("questionnaire_database_url").begin() as connection:
        connection.execute(text("SET LOCAL ROLE borgerpuls_questionnaire"))
        yield connection


def instrument_of(connection: Connection, round_id: str) -> Instrument:
    """Return the instrument of a round; raises UnknownRound."""
    version = connection.execute(load_query("questionnaire/version.sql"), {"round_id": round_id}).scalar()
    if version is None:
        raise UnknownRound(f"There is no round {round_id!r}.")
    return load_instrument(version)


def submit_forms(
    round_id: str, submissions: pd.DataFrame, answers: pd.DataFrame, open_answers: pd.DataFrame | None = None
) -> dict[str, int]:
    """
    Save many finished or broken-off forms in one transaction; see `submission.submit_bulk` for the tables.

    Forms that somebody has opened already are left alone, so the same call again saves nothing.
    """
    keys = access_vault()
    with questionnaire_transaction() as connection:
        return submit_bulk(
            connection,
            instrument_of(connection, round_id),
            round_id,
            submissions=submissions,
            answers=answers,
            open_answers=open_answers,
            receipt_hash_of=lambda response_id: receipt_hash(keys, response_id),
        )


def receipt_hash(keys: Vault, response_id: uuid.UUID) -> bytes:
    """Return the hash under which the receipt number of a form is stored."""
    return keys.access_hash(keys.receipt_number(response_id))
