"""Colleagues may be told by Telegram, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("digests", sa.Column("sealed_chat", sa.LargeBinary()))
    op.create_table(
        "chat_codes",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(), nullable=False),
        sa.Column("used", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("erase_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_chat_codes_lookup_length")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_chat_codes_staff_id")),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_chat_codes")),
    )
    op.create_index(op.f("ix_chat_codes_staff_id"), "chat_codes", ["staff_id"])
    op.create_index(op.f("ix_chat_codes_erase_at"), "chat_codes", ["erase_at"])
