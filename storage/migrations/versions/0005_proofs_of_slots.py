"""Slots say for whom they were made, and prove it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    binary = "BLOB" if op.get_bind().dialect.name == "sqlite" else "BYTEA"
    for column in ("public_key", "proof"):
        op.execute(
            f"ALTER TABLE slots ADD COLUMN {column} {binary} "
            f"CONSTRAINT ck_slots_{column}_length CHECK (length({column}) = 32)"
        )
