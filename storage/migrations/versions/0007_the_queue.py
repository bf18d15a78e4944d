"""The queue's indexes answer every filter, and hold no draft."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_INDEXES = {
    "ix_cases_open": (
        ["raised", "priority", "queued_on", "id", "state", "language", "channel", "due_on"],
        "state IN ('queued', 'claimed')",
    ),
    "ix_cases_queued": (["queued_on"], "state = 'queued'"),
    "ix_cases_held": (["claimed_by", "raised", "priority", "queued_on", "id"], "state = 'claimed'"),
    "ix_cases_due_on": (["due_on"], "due_on IS NOT NULL"),
}


def upgrade() -> None:
    for name in ("ix_cases_open", "ix_cases_claimed_by", "ix_cases_due_on"):
        op.drop_index(name, "cases")
    for name, (columns, where) in _INDEXES.items():
        op.create_index(name, "cases", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
