"""The small round of these tests: two of the country's municipalities with a small sample; all else is the demo's."""

from sqlalchemy import create_engine, text

SEED = 3
FORM = {
    "municipalities": ["0183", "0727"],
    "sample_rule": "sizes",
    "sample_sizes": {"0183": 150, "0727": 150},
}
MUNICIPALITY_NAMES = {"Ishøj", "Odder"}


def all_rows(url: str) -> dict[str, list[str]]:
    """Return each table's rows as text, sorted, of the database at *url*."""
    engine = create_engine(url)
    with engine.begin() as connection:
        tables = connection.execute(
            text(
                "SELECT schemaname || '.' || tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
            )
        ).scalars()
        found = {
            table: sorted(connection.execute(text(f"SELECT t::text FROM {table} t")).scalars())
            for table in list(tables)
        }
    engine.dispose()
    return found
