"""Migrating a database from before the rounds had keys of their own (0010)."""

import uuid
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from psycopg.errors import RaiseException
from sqlalchemy import Connection, create_engine, text

from borgerpuls.resources import resource_folder
from borgerpuls.sandbox.postgres import EmbeddedPostgres

ROUND = """
INSERT INTO rounds.round (round_id, name, state, opened_by, opened_at, reference_start_date, reference_end_date, key_date,
    invitation_date, reminder_1_date, reminder_2_date, close_date, codebook_version, questionnaire_version, sample_rule,
    channels, seed)
VALUES ('2023-2', 'Prøve', :state, 'aase', '2023-08-01 08:00+02', '2023-04-01', '2023-06-30', '2023-08-01', '2023-08-22',
    '2023-08-29', '2023-09-05', '2023-09-18', '2023', '2023', '{}', '{digital_post}', 1)
"""
OLD_ROWS = (
    "INSERT INTO identity.data_key VALUES ('2023-2', 'wrapped')",
    "INSERT INTO identity.citizen VALUES ('2023-2', :person, '0461', 'sealed', 'hash')",
    "INSERT INTO link.access VALUES ('2023-2', :person, gen_random_uuid(), 'token', 'code')",
)


@pytest.fixture
def old_database(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """The URL of a database as it was at 0009 (its roles are those of the cluster)."""
    name = f"old_{uuid.uuid4().hex[:8]}"
    postgres.create_database(name)
    url = postgres.url(name)
    upgrade(url, "0009")
    yield url
    postgres.drop_database(name)


def upgrade(url: str, revision: str) -> None:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(resource_folder("sql") / "schema"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def fill(connection: Connection, state: str) -> None:
    connection.execute(text(ROUND), {"state": state})
    for statement in OLD_ROWS:
        connection.execute(text(statement), {"person": uuid.uuid4()} if ":person" in statement else {})


def test_an_old_round_that_is_over_is_forgotten_and_its_link_is_gone(old_database: str) -> None:
    engine = create_engine(old_database)
    with engine.begin() as connection:
        fill(connection, "published")
    upgrade(old_database, "head")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT forgotten_at IS NOT NULL FROM rounds.round")).scalar_one()
        assert connection.execute(text("SELECT count(*) FROM identity.citizen")).scalar_one() == 0
        columns = connection.execute(
            text("SELECT column_name FROM information_schema.columns WHERE table_schema = 'link' ORDER BY 1")
        ).scalars()
        assert "person_id" not in set(columns)
    engine.dispose()


@pytest.mark.parametrize("state", ["open", "approved", "closed"])
def test_a_round_under_way_or_not_frozen_stops_the_migration_and_says_what_to_do(old_database: str, state: str) -> None:
    engine = create_engine(old_database)
    with engine.begin() as connection:
        fill(connection, state)
    with pytest.raises(RaiseException, match=r"A round is under way .*Stop it with the version that opened it"):
        upgrade(old_database, "head")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM identity.data_key")).scalar_one() == 1
    engine.dispose()
