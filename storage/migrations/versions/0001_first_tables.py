"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_audit_hash_length")),
        sa.CheckConstraint("length(previous) = 32", name=op.f("ck_audit_previous_length")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("raised", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("started_on", sa.Integer(), nullable=False),
        sa.Column("queued_on", sa.Integer(), nullable=True),
        sa.Column("erase_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("priority IN ('urgent', 'high', 'normal')", name=op.f("ck_cases_priority")),
        sa.CheckConstraint(
            "state = 'draft' OR (reference IS NOT NULL AND priority IS NOT NULL AND queued_on IS NOT NULL)",
            name=op.f("ck_cases_queued_is_complete"),
        ),
        sa.CheckConstraint("state IN ('draft', 'queued', 'claimed', 'closed')", name=op.f("ck_cases_state")),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_cases_id_length")),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_cases_public_key_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("reference", name=op.f("uq_cases_reference")),
    )
    op.create_index(op.f("ix_cases_erase_at"), "cases", ["erase_at"])
    op.create_table(
        "counts",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(month) = 7", name=op.f("ck_counts_month_length")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_counts_n_least")),
        sa.PrimaryKeyConstraint("month", "name", name=op.f("pk_counts")),
    )
    op.create_table(
        "desk_keys",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('current', 'retiring', 'destroyed')", name=op.f("ck_desk_keys_state")),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_desk_keys_generation_least")),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_desk_keys_public_key_length")),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_desk_keys")),
    )
    op.create_table(
        "later_work",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_later_work_id_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_later_work")),
    )
    op.create_index(op.f("ix_later_work_due_at"), "later_work", ["due_at"])
    op.create_table(
        "marks",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.Column("erase_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(mark) = 32", name=op.f("ck_marks_mark_length")),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_marks")),
    )
    op.create_index(op.f("ix_marks_erase_at"), "marks", ["erase_at"])
    op.create_table(
        "staff",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("check_value", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_private", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "role IN ('intake', 'supervisor', 'key_holder', 'auditor', 'administrator')",
            name=op.f("ck_staff_role"),
        ),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_staff_state")),
        sa.CheckConstraint("length(check_value) = 32", name=op.f("ck_staff_check_value_length")),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_staff_id_length")),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_staff_public_key_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name_key", name=op.f("uq_staff_name_key")),
    )
    op.create_table(
        "answers",
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_answers_sequence_least")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_answers_case_id")),
        sa.PrimaryKeyConstraint("case_id", "sequence", name=op.f("pk_answers")),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("case_id", sa.LargeBinary(), nullable=True),
        sa.Column("erase_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(id) = 16", name=op.f("ck_conversations_id_length")),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_conversations_lookup_length")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_conversations_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("lookup", name=op.f("uq_conversations_lookup")),
    )
    op.create_index(op.f("ix_conversations_case_id"), "conversations", ["case_id"])
    op.create_index(op.f("ix_conversations_erase_at"), "conversations", ["erase_at"])
    op.create_table(
        "links",
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="new", nullable=False),
        sa.CheckConstraint(
            "status IN ('new', 'reported', 'removed', 'refused', 'no_response', 'escalated')",
            name=op.f("ck_links_status"),
        ),
        sa.CheckConstraint("number >= 0", name=op.f("ck_links_number_least")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_links_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_links")),
    )
    op.create_table(
        "manifests",
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number >= 0", name=op.f("ck_manifests_number_least")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_manifests_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_manifests")),
    )
    op.create_table(
        "receipts",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(lookup) = 32", name=op.f("ck_receipts_lookup_length")),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_receipts_public_key_length")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_receipts_case_id")),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_receipts")),
    )
    op.create_index(op.f("ix_receipts_case_id"), "receipts", ["case_id"])
    op.create_table(
        "slots",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["generation"], ["desk_keys.generation"], name=op.f("fk_slots_generation")),
        sa.PrimaryKeyConstraint("generation", "holder", name=op.f("pk_slots")),
    )
