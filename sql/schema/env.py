"""Alembic environment: SQL-first migrations. Each version has a file `versions/<revision>.sql` with what it does."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="schema_version", transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
