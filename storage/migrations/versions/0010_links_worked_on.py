"""Links that were worked on are found by how far they are; one that somebody just sent costs nothing more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    worked_on = sa.text("status <> 'new'")
    op.create_index(
        "ix_links_status",
        "links",
        ["status", "case_id"],
        sqlite_where=worked_on,
        postgresql_where=worked_on,
    )
