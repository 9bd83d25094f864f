"""Runs the migrations on the connection that the server gives, or on the configured URL."""

from __future__ import annotations

from sqlalchemy import Connection, create_engine

from alembic import context
from app.settings import Settings
from app.store.tables.runs import Table


def run(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # Recreating a table with foreign keys on would delete its children.
        connection.rollback()
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
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
else:
    with create_engine(Settings().sql_url).connect() as own:
        run(own)
