"""The ground every stage stands on: durable database, stage roles, sealed identity, the one clock."""

import uuid
from datetime import datetime

import pandas as pd
import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import copy_rows, engine, transaction
from borgerpuls.errors import ClockIsSimulated
from borgerpuls.sandbox.postgres import DURABILITY, EmbeddedPostgres
from borgerpuls.vault import CROCKFORD, vault


def test_an_acknowledged_commit_survives_a_crash(postgres: EmbeddedPostgres) -> None:
    assert postgres.durability() == DURABILITY


@pytest.mark.parametrize("stage", ["sampling", "weighting", "estimation", "reporting", "responses", "publication"])
def test_no_stage_after_the_frame_reads_identity(round_database: EmbeddedPostgres, stage: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction(stage) as connection:
        connection.execute(text("SELECT count(*) FROM identity.citizen"))


def test_the_questionnaire_login_reads_forms_but_neither_identity_nor_whose_form_it_is(
    round_database: EmbeddedPostgres,
) -> None:
    with engine("questionnaire_database_url").begin() as connection:
        connection.execute(text("SET LOCAL ROLE borgerpuls_questionnaire"))
        connection.execute(text("SELECT count(*) FROM answers.form"))
    for table in ("identity.citizen", "frame.person", "link.access"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            engine("questionnaire_database_url").begin() as connection,
        ):
            connection.execute(text("SET LOCAL ROLE borgerpuls_questionnaire"))
            connection.execute(text(f"SELECT person_id FROM {table}"))


def test_the_clock_only_moves_forward(round_database: EmbeddedPostgres) -> None:
    clock.move_to(datetime(2023, 8, 29, 9, tzinfo=COPENHAGEN))
    assert clock.today().isoformat() == "2023-08-29"
    with pytest.raises(ClockIsSimulated, match="never goes back"):
        clock.move_to(datetime(2023, 8, 28, 9, tzinfo=COPENHAGEN))


def test_a_simulated_clock_refuses_real_gateways(
    round_database: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    from borgerpuls.settings import settings

    monkeypatch.setattr(settings(), "gateways", "real")
    with pytest.raises(ClockIsSimulated, match="real people at invented times"):
        clock.now()


def test_a_sealed_value_opens_only_in_its_own_place(round_database: EmbeddedPostgres) -> None:
    wrapped = vault().new_wrapped_data_key("2023-2")
    key = vault().open_data_key(wrapped, "2023-2")
    person = uuid.uuid4()
    sealed = key.encrypt("Åse Ærø", f"name|{person}")
    assert key.decrypt(sealed, f"name|{person}") == "Åse Ærø"
    assert sealed == key.encrypt("Åse Ærø", f"name|{person}")
    with pytest.raises(InvalidTag):
        key.decrypt(sealed, f"name|{uuid.uuid4()}")


def test_links_and_codes_use_the_crockford_alphabet_and_their_check_character(
    round_database: EmbeddedPostgres,
) -> None:
    person = uuid.UUID(int=5, version=4)
    code = vault().typed_code("2023-2", person)
    assert len(code) == 11
    assert set(code[:10]) <= set(CROCKFORD)
    assert len(vault().link_token("2023-2", person)) == 24


def test_copy_keeps_bytes_arrays_nulls_and_danish_letters(round_database: EmbeddedPostgres) -> None:
    with transaction("rounds") as connection:
        connection.execute(text("CREATE TEMP TABLE t (a text, b bytea, c text[], d int) ON COMMIT DROP"))
        rows = pd.DataFrame(
            {
                "a": ['æ,"ø', None, ""],
                "b": [b"\x00\xff", None, b""],
                "c": [["x", 'y"'], [], None],
                "d": pd.array([1, None, 3], dtype="Int64"),
            }
        )
        assert copy_rows(connection, "t", rows) == 3
        found = [tuple(row) for row in connection.execute(text("SELECT a, b, c, d FROM t ORDER BY d NULLS LAST"))]
    assert found == [('æ,"ø', b"\x00\xff", ["x", 'y"'], 1), ("", b"", None, 3), (None, None, [], None)]
