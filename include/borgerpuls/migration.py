"""
Bring the database to the newest schema, and give its two logins the passwords of their settings.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command, op
from alembic.config import Config
from sqlalchemy import Connection, create_engine, make_url, text

from borgerpuls.resources import resource_folder
from borgerpuls.settings import settings

LOGINS = {"borgerpuls_pipeline": "database_url", "borgerpuls_web": "questionnaire_database_url"}


def migrate() -> str:
    """Migrate the database of `database_admin_url` and return its schema version."""
    admin = create_engine(settings().require("database_admin_url"))
    try:
        with admin.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(resource_folder("sql") / "schema"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _set_passwords(connection)
            version: str = connection.execute(text("SELECT version_num FROM schema_version")).scalar_one()
        return version
    finally:
        admin.dispose()


def statements_beside(file: str) -> Callable[[], None]:
    """Return what a migration does: it runs the statements in the SQL file of the same name, beside it."""

    def upgrade() -> None:
        statements = Path(file).with_suffix(".sql").read_text(encoding="utf-8")
        raw: Any = op.get_bind().connection.driver_connection
        raw.execute(statements)  # many statements, no parameters

    return upgrade


def only_forward() -> None:
    """Refuse to migrate back: a round's data is never migrated away."""
    message = "Migrations only go forward."
    raise NotImplementedError(message)


def _set_passwords(connection: Connection) -> None:
    for login, setting in LOGINS.items():
        url = make_url(settings().require(setting))
        if url.username != login or url.password is None:
            continue  # a login of the operator's own, who sees to its password and its membership
        # A utility statement takes no parameters: let the server quote the password.
        statement = connection.execute(
            text("SELECT format('ALTER ROLE %I PASSWORD %L', CAST(:login AS text), CAST(:password AS text))"),
            {"login": login, "password": url.password},
        ).scalar_one()
        connection.exec_driver_sql(statement.replace("%", "%%"))
