"""The tables. Times are UTC unix seconds, days are UTC day numbers (seconds // 86 400).

What a copy of the database shows is written in the columns of these modules and nowhere else: every blob that
is not a key, a hash or a random id is sealed before it comes here. Finer times than a day stand only
where a deadline needs them, and only on rows that are destroyed at that deadline.
"""

from __future__ import annotations

from storage.schema.base import metadata
from storage.schema.colleagues import (
    attempts,
    audit,
    authenticators,
    browsers,
    chat_codes,
    desk_keys,
    digests,
    invitations,
    passkeys,
    recovery_codes,
    sessions,
    slots,
    staff,
)
from storage.schema.people import (
    HELD,
    OPEN,
    QUEUED,
    WORKED_ON,
    answers,
    cases,
    conversations,
    counts,
    entries,
    erasures,
    later_work,
    letters,
    links,
    manifests,
    marks,
    receipts,
    refusals,
    requests,
    saved_replies,
)

__all__ = [
    "HELD",
    "OPEN",
    "QUEUED",
    "WORKED_ON",
    "answers",
    "attempts",
    "audit",
    "authenticators",
    "browsers",
    "cases",
    "chat_codes",
    "conversations",
    "counts",
    "desk_keys",
    "digests",
    "entries",
    "erasures",
    "invitations",
    "later_work",
    "letters",
    "links",
    "manifests",
    "marks",
    "metadata",
    "passkeys",
    "receipts",
    "recovery_codes",
    "refusals",
    "requests",
    "saved_replies",
    "sessions",
    "slots",
    "staff",
]
