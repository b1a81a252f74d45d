"""One PostgreSQL cluster for the whole suite; each test module that asks gets a migrated database of its own."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from borgerpuls import database, settings, vault
from borgerpuls.migration import migrate
from borgerpuls.sandbox.postgres import EmbeddedPostgres, start_postgres

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the project (golden cases, schemas)."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="borgerpuls-test-"))
    folder.chmod(0o755)
    cluster = start_postgres(folder / "postgres")
    try:
        yield cluster
    finally:
        cluster.stop("immediate")


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated, empty database to copy."""
    name = "borgerpuls_template"
    postgres.create_database(name)
    with _environment(postgres, name, tmp_path_factory.mktemp("keys")):
        migrate()
    return name


@pytest.fixture(scope="module")
def round_database(
    postgres: EmbeddedPostgres, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """A migrated database of the module's own, with keys, a simulated clock and settings that point at it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=migrated_template)
    with _environment(postgres, name, tmp_path_factory.mktemp("home")):
        yield postgres
    postgres.drop_database(name)


class _environment:  # noqa: N801 - reads as a verb where it is used
    """Point every setting at a database and a folder, and forget what was cached."""

    def __init__(self, postgres: EmbeddedPostgres, database_name: str, home: Path) -> None:
        self._patch = pytest.MonkeyPatch()
        vault.make_keys(home / "keys", seed=1)
        values = {
            "BORGERPULS_DATABASE_ADMIN_URL": postgres.url(database_name),
            "BORGERPULS_DATABASE_URL": postgres.url(database_name, "borgerpuls_pipeline", "pipeline-secret"),
            "BORGERPULS_QUESTIONNAIRE_DATABASE_URL": postgres.url(database_name, "borgerpuls_web", "web-secret"),
            "BORGERPULS_KEY_FOLDER": str(home / "keys"),
            "BORGERPULS_INBOX_FOLDER": str(home / "inbox"),
            "BORGERPULS_OUTPUT_FOLDER": str(home / "output"),
            "BORGERPULS_CLOCK": "simulated",
            "BORGERPULS_GATEWAYS": "sandbox",
            "BORGERPULS_GATEWAY_TOKEN": "gateway-secret",
        }
        for key, value in values.items():
            self._patch.setenv(key, value)

    def __enter__(self) -> None:
        _forget()

    def __exit__(self, *_: object) -> None:
        _forget()
        self._patch.undo()


def _forget() -> None:
    database.close_engines()
    settings.settings.cache_clear()
    vault.vault.cache_clear()
