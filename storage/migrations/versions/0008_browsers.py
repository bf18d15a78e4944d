"""Browsers in which colleagues signed in before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "browsers",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("erase_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_browsers_lookup_length")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_browsers_staff_id")),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_browsers")),
    )
    op.create_index(op.f("ix_browsers_staff_id"), "browsers", ["staff_id"])
    op.create_index(op.f("ix_browsers_erase_at"), "browsers", ["erase_at"])
