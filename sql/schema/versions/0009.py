"""Messages in doubt may be sent again where the gateway takes each id once."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the statements of the file beside this one."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(statements)  # many statements, no parameters


def downgrade() -> None:
    """Refuse: a round's data is never migrated away."""
    message = "Migrations only go forward."
    raise NotImplementedError(message)
