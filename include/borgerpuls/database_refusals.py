"""
What a database that cannot be used says, as a sentence for whoever runs a command.

Known by the errors' SQLSTATE, so that no driver is imported by a command that needs none.
"""

from borgerpuls.errors import BorgerpulsError, DatabaseIsAway, DatabaseIsNotReady

NOT_MIGRATED = frozenset({"42P01", "42703", "42704", "22023", "3F000"})
"""No such table, column, type, role or schema."""
NOT_ALLOWED = "42501"
LOST = "08"
"""The class of errors of a connection."""


def database_refusal(error: Exception) -> BorgerpulsError | None:
    """Return what is wrong with the database behind an error of SQLAlchemy's, or None when it is about something else."""
    if not type(error).__module__.startswith("sqlalchemy."):
        return None
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlstate", None) or ""
    if code in NOT_MIGRATED:
        return DatabaseIsNotReady(
            "The database lacks something that this version needs.",
            next_step="Bring it to the newest schema with `borgerpuls database migrate`.",
        )
    if code == NOT_ALLOWED:
        return DatabaseIsNotReady(
            "The database does not let this login do that.",
            next_step="Look at BORGERPULS_DATABASE_URL, and migrate with `borgerpuls database migrate`.",
        )
    was_never_connected = cause is not None and getattr(error, "statement", None) is None
    if was_never_connected or getattr(error, "connection_invalidated", False) or code.startswith(LOST):
        said = " ".join(str(cause).split("\n", 1)[0].split())
        return DatabaseIsAway(
            f"The database does not answer or does not let us in ({said}).",
            next_step="Look whether PostgreSQL runs and at the BORGERPULS_…DATABASE_URL settings; the sandbox's starts with "
            "`make up`.",
        )
    return None
