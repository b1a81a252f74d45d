"""A round of the pilot's dates, and an inbox to put extracts in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from frame_extracts import PILOT, ROUND, as_csv
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.codebooks.municipalities import municipality_name
from borgerpuls.database import transaction
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.settings import settings
from borgerpuls.vault import vault


@pytest.fixture
def inbox() -> Path:
    folder = settings().inbox_folder / ROUND
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def put(inbox: Path) -> Callable[..., Path]:
    """Put a file in the inbox: rows, or bytes."""

    def place(code: str, content: Sequence[Mapping[str, str]] | bytes, **how: object) -> Path:
        path = inbox / f"{code}.csv"
        path.write_bytes(content if isinstance(content, bytes) else as_csv(content, **how).encode())  # type: ignore[arg-type]
        return path

    return place


@pytest.fixture
def pilot_round(round_database: EmbeddedPostgres) -> Iterator[str]:
    """A round with Aalborg, Vejle and Odense; empty before and after each test."""
    _empty()
    clock.move_to(datetime(2023, 8, 7, 9, tzinfo=COPENHAGEN))
    vault().make_round_key(ROUND)
    with transaction("rounds") as connection:
        connection.execute(
            text(
                "INSERT INTO rounds.round (round_id, name, opened_by, opened_at, reference_start_date,"
                " reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date, close_date,"
                " codebook_version, questionnaire_version, sample_rule, channels, seed)"
                " VALUES (:round_id, '2. halvår 2023', 'drift', '2023-08-01', :start, :end, :key_date, '2023-08-22',"
                " '2023-08-29', '2023-09-05', '2023-09-18', '2023', '2023', '{\"rule\": \"census\"}',"
                " ARRAY['digital_post'], 1)"
            ),
            {"round_id": ROUND, "start": PILOT.start, "end": PILOT.end, "key_date": PILOT.key_date},
        )
        connection.execute(
            text("INSERT INTO rounds.municipality VALUES (:round_id, :code, :name)"),
            [{"round_id": ROUND, "code": code, "name": municipality_name(code)} for code in ("0461", "0630", "0851")],
        )
    yield ROUND
    _empty()


def _empty() -> None:
    for path in settings().inbox_folder.glob("*/*"):
        path.unlink()
    with transaction("frame") as connection:
        for table in (
            "frame.person", "frame.spell", "frame.row_error", "frame.expectation_result", "frame.extract",
            "identity.citizen", "identity.quarantined_row", "identity.extract_file",
        ):  # fmt: skip
            connection.execute(text(f"DELETE FROM {table}"))
    with transaction("rounds") as connection:
        connection.execute(text("DELETE FROM rounds.clock"))
        connection.execute(text("DELETE FROM rounds.municipality"))
        connection.execute(text("DELETE FROM rounds.round"))
