"""The indexes of a part of a table, which the desk's queue is found by.

Beside the tables, and loaded only where those are made and compared: to read a condition on an index SQLAlchemy loads
all of both databases' dialects, which a process that talks to people has no use for.
"""

from __future__ import annotations

from sqlalchemy import Index, text

from storage.schema.people import HELD, OPEN, QUEUED, WORKED_ON, cases, links

Index(
    "ix_cases_open",
    cases.c.raised,
    cases.c.priority,
    cases.c.queued_on,
    cases.c.id,
    cases.c.state,
    # What can be asked for besides: a filter that few cases fit is answered without a look at the others.
    cases.c.language,
    cases.c.channel,
    cases.c.due_on,
    sqlite_where=text(OPEN),
    postgresql_where=text(OPEN),
)
Index(
    "ix_cases_queued",
    cases.c.queued_on,
    sqlite_where=text(QUEUED),
    postgresql_where=text(QUEUED),
)
Index(
    "ix_cases_held",
    cases.c.claimed_by,
    cases.c.raised,
    cases.c.priority,
    cases.c.queued_on,
    cases.c.id,
    sqlite_where=text(HELD),
    postgresql_where=text(HELD),
)
Index(
    "ix_cases_due_on",
    cases.c.due_on,
    sqlite_where=text("due_on IS NOT NULL"),
    postgresql_where=text("due_on IS NOT NULL"),
)
Index(
    "ix_links_status",
    links.c.status,
    links.c.case_id,
    sqlite_where=text(WORKED_ON),
    postgresql_where=text(WORKED_ON),
)
