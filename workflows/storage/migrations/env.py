"""Alembic's entry: runs the revisions on the connection that `workflows.storage.schema` hands over."""

from __future__ import annotations

from alembic import context

from workflows.storage.tables import METADATA

config = context.config


def run() -> None:
    """Bring the schema up in the transaction that is open already."""
    connection = config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run on a database: call workflows.storage.schema.migrate")
run()
