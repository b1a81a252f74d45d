"""
The questionnaire stage: reads forms, calls routing and submission, writes answers, with the questionnaire's own login.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from borgerpuls.database import engine, load_query, transaction
from borgerpuls.errors import FormIsNotOpen, InstrumentIsUnreadable, MunicipalityIsNotInRound, UnknownRound
from borgerpuls.given_paths import read_yaml
from borgerpuls.questionnaire.codebook import codebook_table
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.submission import submit_bulk
from borgerpuls.questionnaire.versions import load_instrument, read_local_items, round_instrument
from borgerpuls.vault import Vault, access_vault


@contextmanager
def questionnaire_transaction() -> Iterator[Connection]:
    """Yield a connection of the service's own login with the questionnaire's role; commits at the end."""
    with engine("questionnaire_database_url").begin() as connection:
        connection.execute(text("SET LOCAL ROLE borgerpuls_questionnaire"))
        yield connection


def instrument_of(connection: Connection, round_id: str) -> Instrument:
    """Return the instrument of a round with its municipalities' own questions; raises UnknownRound."""
    version = connection.execute(load_query("questionnaire/version.sql"), {"round_id": round_id}).scalar()
    if version is None:
        raise UnknownRound.named(round_id)
    own = connection.execute(load_query("questionnaire/local_items.sql"), {"round_id": round_id}).all()
    return round_instrument(version, {row[0]: row[1] for row in own})


def save_local_items(round_id: str, municipality_code: str, items: list[dict[str, Any]]) -> int:
    """
    Keep a municipality's own questions for a round that nobody has answered yet, and return how many.

    Args:
        round_id: An open round.
        municipality_code: Four digits.
        items: Up to three, written as the instrument's items but without `id` (see `versions.read_local_items`).

    Raises:
        UnknownRound: No such round.
        MunicipalityIsNotInRound: It does not take part.
        FormIsNotOpen: The round is approved: what was approved cannot be asked differently.
        BorgerpulsError: What is wrong with the items.
    """
    with transaction("rounds") as connection:
        version = connection.execute(load_query("questionnaire/version.sql"), {"round_id": round_id}).scalar()
        if version is None:
            raise UnknownRound.named(round_id)
        taking_part = connection.execute(load_query("rounds/municipality_codes.sql"), {"round_id": round_id}).scalars()
        if municipality_code not in set(taking_part):
            raise MunicipalityIsNotInRound.named(municipality_code, round_id)
        read_local_items({municipality_code: items}, load_instrument(version))
        kept = connection.execute(
            load_query("questionnaire/keep_local_items.sql"),
            {"round_id": round_id, "municipality_code": municipality_code, "definition": json.dumps(items)},
        ).rowcount
        if not kept:
            raise FormIsNotOpen(f"Round {round_id} is no longer open to changes of its questions.")
    return len(items)


def read_items_file(path: Path) -> list[dict[str, Any]]:
    """
    Return the list of items in a YAML file.

    Raises:
        FileIsUnusable: It is no YAML.
        InstrumentIsUnreadable: It is no list of tables.
    """
    items = read_yaml(path)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InstrumentIsUnreadable(
            "The file is no list of items.",
            where=path.name,
            next_step="See `borgerpuls questionnaire local-items --help`.",
        )
    return items


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


def write_codebook(version: str, folder: Path) -> list[Path]:
    """Write the codebook of a version as CSV and as a Danish page into *folder*, and return the two paths."""
    from borgerpuls.questionnaire.web.pages import render_codebook

    instrument = load_instrument(version)
    folder.mkdir(parents=True, exist_ok=True)
    table, page = folder / f"kodebog-{version}.csv", folder / f"kodebog-{version}.html"
    codebook_table(instrument).to_csv(table, index=False, encoding="utf-8-sig", sep=";", lineterminator="\r\n")
    page.write_bytes(render_codebook(instrument))
    return [table, page]
