"""
What fieldwork knows of a round: its plan, texts and people, and the fingerprint of what would be sent.

Read on the connection that is given, so that a step sees one moment.
"""

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row

from borgerpuls.database import load_query, read_table
from borgerpuls.errors import RoundIsForgotten, RoundIsNotOpen, UnknownRound
from borgerpuls.fieldwork.contents import municipality_hashes
from borgerpuls.fieldwork.letters import LetterBook, LetterDates, MunicipalityText
from borgerpuls.fieldwork.words import ROUND_STATES
from borgerpuls.resources import resource_folder
from borgerpuls.settings import settings
from borgerpuls.terms import RoundState
from borgerpuls.vault import RoundKey, vault


def round_of(connection: Connection, round_id: str) -> Row[Any]:
    """
    Return a round's plan.

    Raises:
        UnknownRound: No round has this id.
    """
    row = connection.execute(load_query("fieldwork/round.sql"), {"round_id": round_id}).one_or_none()
    if row is None:
        raise UnknownRound.named(round_id)
    return row


def require_state(plan: Row[Any], *states: RoundState) -> None:
    """
    Refuse a round in any other state.

    Raises:
        RoundIsNotOpen: The round is in none of *states*.
    """
    if plan.state not in states:
        raise RoundIsNotOpen(
            f"Runden er {ROUND_STATES[plan.state].lower()}.",
            where=f"Runde {plan.round_id}",
            next_step=f"Det kan kun gøres, når den er {' eller '.join(ROUND_STATES[state].lower() for state in states)}.",
        )


def refuse_forgotten(plan: Row[Any]) -> None:
    """
    Refuse a round whose people are forgotten.

    Raises:
        RoundIsForgotten: They are.
    """
    if plan.forgotten_at is not None:
        raise RoundIsForgotten.since(plan.round_id, plan.forgotten_at)


def letter_dates(plan: Row[Any]) -> LetterDates:
    """Return the days that a round's letters name."""
    return LetterDates(**{name: getattr(plan, name) for name in LetterDates.__dataclass_fields__})


def letter_book(plan: Row[Any]) -> LetterBook:
    """Return the round's letters, with the address of the questionnaire."""
    return LetterBook(
        resource_folder("templates") / "letters", letter_dates(plan), settings().questionnaire_url.rstrip("/")
    )


def content_hashes(
    connection: Connection, round_id: str, book: LetterBook, municipality_code: str | None = None
) -> dict[str, str]:
    """Return what would be sent now, by municipality code: of one of them or of all."""
    rows = connection.execute(
        load_query("fieldwork/municipality_contents.sql"),
        {"round_id": round_id, "municipality_code": municipality_code},
    )
    return municipality_hashes({row.municipality_code: row.content for row in rows}, book.fingerprint())


def texts_of(connection: Connection, round_id: str) -> dict[str, MunicipalityText]:
    """Return each municipality's words by its code."""
    rows = connection.execute(load_query("fieldwork/texts.sql"), {"round_id": round_id}).mappings()
    texts = {}
    for row in rows:
        fields = dict(row)
        code = str(fields.pop("municipality_code"))
        texts[code] = MunicipalityText(**fields)
    return texts


def opened_sample(connection: Connection, round_id: str, key: RoundKey) -> pd.DataFrame:
    """Return the sampled people with name, number and address opened; never leaves this process."""
    people = read_table(connection, "fieldwork/sampled_citizens.sql", round_id=round_id)
    for column in ("name", "mobile", "address"):
        people[column] = [
            key.decrypt(bytes(sealed), f"{column}|{person}") if sealed is not None else ""
            for sealed, person in zip(people[column], people["person_id"], strict=True)
        ]
    return people


def round_key_of(connection: Connection, round_id: str) -> RoundKey:
    """
    Return the key that opens the round's identities and tells whose a form is.

    Raises:
        UnknownRound: No round has this id.
        RoundIsForgotten: Its key is destroyed.
        RoundKeyIsMissing: Its key is not where it should be.
    """
    refuse_forgotten(round_of(connection, round_id))
    return vault().round_key(round_id)
