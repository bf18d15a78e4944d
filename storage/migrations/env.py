"""Runs the migrations on the connection that `upgrade` hands over. The command `alembic` is not used."""

from __future__ import annotations

from typing import Any

from alembic import context

from storage import schema
from storage.schema import indexes  # noqa: F401  they belong to what is compared


def include_name(name: str | None, kind: str, _: Any) -> bool:
    """Leave alone every table that is not ours, such as those of a job engine in the same database."""
    return kind != "table" or name in schema.metadata.tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    render_as_batch=True,
    include_name=include_name,
)
# No transaction of Alembic's own: `upgrade` has begun one, and holds the lock in it.
context.run_migrations()
