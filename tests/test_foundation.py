"""The ground every stage stands on: durable database, stage roles, sealed identity, the one clock."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import copy_rows, engine, transaction
from borgerpuls.errors import ClockIsSimulated, RoundIsForgotten, RoundKeyIsMissing
from borgerpuls.round_keys import RoundKeyFolder, destroy_key, keep_key, set_gravestone
from borgerpuls.sandbox.postgres import DURABILITY, EmbeddedPostgres
from borgerpuls.vault import CROCKFORD, Vault, make_keys, vault


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
    for what in (
        "person_id FROM identity.citizen",
        "person_id FROM frame.person",
        "link.response_id('\\x00', gen_random_uuid())",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            engine("questionnaire_database_url").begin() as connection,
        ):
            connection.execute(text("SET LOCAL ROLE borgerpuls_questionnaire"))
            connection.execute(text(f"SELECT {what}"))


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
    vault().make_round_key("2023-2")
    key = vault().round_key("2023-2")
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
    vault().make_round_key("2023-2")
    key = vault().round_key("2023-2")
    code = key.typed_code(person)
    assert len(code) == 11
    assert set(code[:10]) <= set(CROCKFORD)
    assert len(key.link_token(person)) == 24


def test_the_database_tells_whose_a_form_is_as_the_vault_does_and_only_with_the_rounds_key(
    round_database: EmbeddedPostgres,
) -> None:
    vault().make_round_key("2023-2")
    key = vault().round_key("2023-2")
    people = [uuid.uuid4() for _ in range(200)]
    with transaction("responses") as connection:
        query = "SELECT link.response_id(:k, p) FROM unnest(CAST(:p AS uuid[])) WITH ORDINALITY AS x (p, n) ORDER BY n"
        found = list(connection.execute(text(query), {"k": key.link_key, "p": people}).scalars())
        others = list(connection.execute(text(query), {"k": bytes(32), "p": people}).scalars())
    assert found == [key.response_id(person) for person in people]
    assert not set(found) & set(others)
    assert len(set(found)) == 200


def test_all_that_a_round_is_known_by_follows_from_its_key_and_from_nothing_else(tmp_path: Path) -> None:
    """Everything else is kept, and another key put in its place: nothing is as it was, and nothing opens."""
    make_keys(tmp_path / "keys")
    keys = Vault(tmp_path / "keys")
    person, cpr = uuid.uuid4(), "6101010001"

    def known_by() -> list[object]:
        key = Vault(tmp_path / "keys").round_key("2026-2")
        return [
            key.person_id(cpr), key.lookup(cpr), key.response_id(person), key.link_token(person), key.typed_code(person),
            key.message_id(person, 1, "main", "message"), key.encrypt("Åse", "name|1"), key.link_key,
        ]  # fmt: skip

    with pytest.raises(
        RoundKeyIsMissing, match=r"Runde 2026-2: Rundens nøgle findes ikke.*BORGERPULS_ROUND_KEY_FOLDER"
    ):
        keys.round_key("2026-2")
    keys.make_round_key("2026-2")
    path = RoundKeyFolder(tmp_path / "keys" / "rounds").of_round("2026-2")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    before = known_by()
    keys.make_round_key("2026-2")
    assert known_by() == before
    lasting = keys.lookup(cpr)
    assert destroy_key(path)
    assert not destroy_key(path)
    assert list(path.parent.iterdir()) == []
    keys.make_round_key("2026-2")
    after = known_by()
    grave = RoundKeyFolder(tmp_path / "keys" / "rounds").gravestone("2026-2")
    for day in (2, 3):  # the first time stands
        set_gravestone(grave, datetime(2026, 12, day, 5, tzinfo=COPENHAGEN))
    for use in (keys.make_round_key, keys.round_key):  # also beside a key that came back with a copy of the folder
        with pytest.raises(RoundIsForgotten, match="Runde 2026-2: Runden blev glemt den 02-12-2026"):
            use("2026-2")
    grave.unlink()
    assert not set(map(str, before)) & set(map(str, after))
    with pytest.raises(InvalidTag):
        Vault(tmp_path / "keys").round_key("2026-2").decrypt(bytes(before[6]), "name|1")  # type: ignore[call-overload]
    assert keys.lookup(cpr) == lasting


def test_an_extract_has_a_key_of_its_own_and_a_seed_gives_the_same_keys_everywhere(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_keys(tmp_path / name, seed=3)
        Vault(tmp_path / name).make_round_key("2023-2")
    one, two = Vault(tmp_path / "one"), Vault(tmp_path / "two")
    assert one.round_key("2023-2").link_key == two.round_key("2023-2").link_key
    assert one.extract_key("2023-2", "0461") is None
    sealed = one.make_extract_key("2023-2", "0461").encrypt("cpr;navn", "extract|0461")
    assert one.make_extract_key("2023-2", "0461").decrypt(sealed, "extract|0461") == "cpr;navn"
    for other in (one.round_key("2023-2"), one.make_extract_key("2023-2", "0851")):
        with pytest.raises(InvalidTag):
            other.decrypt(sealed, "extract|0461")


def test_where_the_rounds_key_is_not_no_extract_gets_a_key_and_none_is_said_to_be_destroyed(tmp_path: Path) -> None:
    """The folder may not be mounted: a key made there would be found neither by the round nor by its destruction."""
    make_keys(tmp_path / "keys")
    Vault(tmp_path / "keys", round_folder=tmp_path / "disk").make_round_key("2026-2")
    elsewhere = Vault(tmp_path / "keys", round_folder=tmp_path / "not-mounted")
    for use in (elsewhere.make_extract_key, elsewhere.extract_key):
        with pytest.raises(RoundKeyIsMissing):
            use("2026-2", "0461")
    assert not (tmp_path / "not-mounted").exists()


def test_workers_that_make_a_rounds_key_at_once_get_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        got = list(
            pool.map(lambda number: keep_key(tmp_path / "2026-2" / "round.key", bytes([number]) * 32), range(64))
        )
    assert len(set(got)) == 1
    assert [path.name for path in (tmp_path / "2026-2").iterdir()] == ["round.key"]


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
