"""Later work may carry a sealed letter, is tried again, and is given up in the end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("later_work", sa.Column("epoch", sa.Integer(), nullable=True))
    op.add_column("later_work", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("later_work", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("later_work", sa.Column("code", sa.Text(), nullable=True))
    op.add_column(
        "later_work", sa.Column("given_up", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("later_work", sa.Column("erase_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_later_work_erase_at"), "later_work", ["erase_at"])
    op.create_index(op.f("ix_later_work_kind"), "later_work", ["kind", "due_at"])
    op.drop_index(op.f("ix_later_work_due_at"), "later_work")
