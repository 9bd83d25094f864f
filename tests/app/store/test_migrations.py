"""The migrations and the tables of the code are the same."""

from __future__ import annotations

import pytest

from app.store.store import Store


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_migrations_make_the_tables_of_the_code(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from app.store.tables.runs import Table

    with store.database.reader.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
