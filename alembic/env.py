"""Runs the migrations on the connection that the server gives, or on the configured URL."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, create_engine

from alembic import context


def run(connection: Connection, metadata: MetaData | None = None) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # Recreating a table with foreign keys on would delete its children.
        connection.rollback()
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=sqlite,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    if sqlite:
        connection.connection.cursor().execute("PRAGMA foreign_keys = ON")


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:  # by hand, in the checkout: the tables of the code are needed to compare with
    from app.settings import Settings
    from app.store.tables.runs import Table

    with create_engine(Settings().sql_url).connect() as own:
        run(own, Table.metadata)
