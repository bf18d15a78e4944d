"""Talking to people while they are there, and their rights: requests, receipts of erasing, refusals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _talking()
    _rights()


def _talking() -> None:
    binary = "BLOB" if op.get_bind().dialect.name == "sqlite" else "BYTEA"
    op.add_column("cases", sa.Column("colleague_wrote_at", sa.BigInteger(), nullable=True))
    op.execute(
        f"ALTER TABLE letters ADD COLUMN letter_key {binary} "
        "CONSTRAINT ck_letters_letter_key_length CHECK (length(letter_key) = 32)"
    )
    op.create_index(op.f("ix_letters_letter_key"), "letters", ["letter_key"])
    op.create_table(
        "saved_replies",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("zh_Hant_HK", sa.Text(), nullable=False),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_saved_replies_id_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_replies")),
    )


def _rights() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("proposed_by", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_requests_id_length")),
        sa.CheckConstraint("kind IN ('copy', 'correct', 'erase')", name=op.f("ck_requests_kind")),
        sa.CheckConstraint("state IN ('open', 'done', 'refused')", name=op.f("ck_requests_state")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_requests_case_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name=op.f("fk_requests_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_case_id"), "requests", ["case_id"])
    op.create_index(op.f("ix_requests_state"), "requests", ["state", "due_on"])
    op.create_table(
        "erasures",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("erased_on", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_by", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("proposed_by <> confirmed_by", name=op.f("ck_erasures_two_people")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["staff.id"], name=op.f("fk_erasures_confirmed_by")),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name=op.f("fk_erasures_proposed_by")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_erasures")),
    )
    op.create_table(
        "refusals",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("refused_on", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(), nullable=False),
        sa.Column("erase_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_refusals_id_length")),
        sa.CheckConstraint("kind IN ('copy', 'correct', 'erase')", name=op.f("ck_refusals_kind")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_refusals_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
    )
    op.create_index(op.f("ix_refusals_erase_at"), "refusals", ["erase_at"])
