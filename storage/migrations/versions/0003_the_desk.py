"""The desk: who works on a case, what colleagues write, letters to people, sign-ins and second factors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OPEN = "state IN ('queued', 'claimed')"


def upgrade() -> None:
    _case_work()
    _letters()
    _sign_ins()
    _factors()
    op.add_column("audit", sa.Column("recipient", sa.Text(), nullable=True))
    op.create_index(op.f("ix_audit_staff"), "audit", ["staff"])
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"])


def _case_work() -> None:
    binary = "BLOB" if op.get_bind().dialect.name == "sqlite" else "BYTEA"
    op.execute(
        f"ALTER TABLE cases ADD COLUMN claimed_by {binary} "
        "CONSTRAINT fk_cases_claimed_by REFERENCES staff (id)"
    )
    op.add_column("cases", sa.Column("raised_on", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("due_on", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("seen", sa.Integer(), server_default="0", nullable=False))
    op.create_index(op.f("ix_cases_claimed_by"), "cases", ["claimed_by"])
    op.create_index(op.f("ix_cases_due_on"), "cases", ["due_on"])
    op.create_index(
        "ix_cases_open",
        "cases",
        ["raised", "priority", "queued_on", "id", "state"],
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    )
    op.create_table(
        "entries",
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("locked", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number >= 0", name=op.f("ck_entries_number_least")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_entries_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_entries")),
    )


def _letters() -> None:
    binary = "BLOB" if op.get_bind().dialect.name == "sqlite" else "BYTEA"
    op.execute(
        f"ALTER TABLE conversations ADD COLUMN letter_key {binary} "
        "CONSTRAINT ck_conversations_letter_key_length CHECK (length(letter_key) = 32)"
    )
    op.create_table(
        "letters",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("erase_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_letters_id_length")),
        sa.CheckConstraint("reader IN ('chat', 'code')", name=op.f("ck_letters_reader")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'delivered', 'failed')", name=op.f("ck_letters_state")
        ),
        sa.CheckConstraint("entry >= 0", name=op.f("ck_letters_entry_least")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_letters_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
    )
    op.create_index(op.f("ix_letters_case_id"), "letters", ["case_id"])
    op.create_index(op.f("ix_letters_erase_at"), "letters", ["erase_at"])


def _sign_ins() -> None:
    op.create_table(
        "sessions",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("locked_private", sa.LargeBinary(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("proved_at", sa.BigInteger(), nullable=True),
        sa.Column("erase_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_sessions_lookup_length")),
        sa.CheckConstraint("stage IN ('password', 'enrolling', 'open')", name=op.f("ck_sessions_stage")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sessions_staff_id")),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_erase_at"), "sessions", ["erase_at"])
    op.create_index(op.f("ix_sessions_staff_id"), "sessions", ["staff_id"])
    op.create_table(
        "invitations",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(), nullable=True),
        sa.Column("locked_private", sa.LargeBinary(), nullable=True),
        sa.Column("erase_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_invitations_lookup_length")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_invitations_staff_id")),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_erase_at"), "invitations", ["erase_at"])
    op.create_index(op.f("ix_invitations_staff_id"), "invitations", ["staff_id"])
    op.create_table(
        "attempts",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("free_at", sa.BigInteger(), nullable=False),
        sa.Column("erase_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_attempts_lookup_length")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_attempts_failures_least")),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_erase_at"), "attempts", ["erase_at"])


def _factors() -> None:
    op.create_table(
        "authenticators",
        sa.Column("staff_id", sa.LargeBinary(), nullable=False),
        sa.Column("locked", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_authenticators_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_authenticators")),
    )
    op.create_table(
        "passkeys",
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_on", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_passkeys_staff_id")),
        sa.PrimaryKeyConstraint("credential", name=op.f("pk_passkeys")),
    )
    op.create_index(op.f("ix_passkeys_staff_id"), "passkeys", ["staff_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_recovery_codes_lookup_length")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recovery_codes_staff_id")),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_staff_id"), "recovery_codes", ["staff_id"])
