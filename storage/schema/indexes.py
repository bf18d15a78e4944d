"""The indexes of a part of a table, which the desk's queue is found by.

Beside the tables, and loaded only where those are made and compared: to read a condition on an index SQLAlchemy loads
all of both databases' dialects, which a process that talks to people has no use for.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, text

from storage.schema.people import HELD, OPEN, QUEUED, WORKED_ON, cases, links


def _index(name: str, condition: str, *columns: Column[Any]) -> None:
    Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


_index(
    "ix_cases_open",
    OPEN,
    cases.c.raised,
    cases.c.priority,
    cases.c.queued_on,
    cases.c.id,
    cases.c.state,
    # What can be asked for besides: a filter that few cases fit is answered without a look at the others.
    cases.c.language,
    cases.c.channel,
    cases.c.due_on,
)
_index("ix_cases_queued", QUEUED, cases.c.queued_on)
_index(
    "ix_cases_held",
    HELD,
    cases.c.claimed_by,
    cases.c.raised,
    cases.c.priority,
    cases.c.queued_on,
    cases.c.id,
)
_index("ix_cases_due_on", "due_on IS NOT NULL", cases.c.due_on)
_index("ix_links_status", WORKED_ON, links.c.status, links.c.case_id)
