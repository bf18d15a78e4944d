"""The tables of what people write, what becomes of it, and what is kept so that it can be done and counted."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
)

from storage.schema.base import at_least, metadata, of_length, one_of

conversations = Table(
    "conversations",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    # Keyed hash of channel and address under the epoch's key; none once the conversation was left.
    Column("lookup", LargeBinary, unique=True),
    Column("epoch", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("address", LargeBinary),
    # What a colleague's letters are sealed to while the conversation is linked; the conversation's key gives
    # the other half.
    Column("letter_key", LargeBinary),
    Column("case_id", LargeBinary, ForeignKey("cases.id"), index=True),
    Column("erase_at", BigInteger, index=True),
    of_length("id", 16),
    of_length("lookup", 32),
    of_length("letter_key", 32),
)

# One row for each message that was answered, so that the same message is never taken twice.
marks = Table(
    "marks",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("reply", LargeBinary, nullable=False),
    Column("erase_at", BigInteger, nullable=False, index=True),
    of_length("mark", 32),
)

cases = Table(
    "cases",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("state", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    # Empty from the moment a case is being shredded.
    Column("sealed_key", LargeBinary, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("reference", Text, unique=True),
    Column("priority", Text),
    Column("language", Text),
    Column("channel", Text),
    Column("raised", Boolean, nullable=False, server_default=false()),
    # The day since which somebody sooner is asked for.
    Column("raised_on", Integer),
    Column("started_on", Integer, nullable=False),
    Column("queued_on", Integer),
    Column("claimed_by", LargeBinary, ForeignKey("staff.id")),
    Column("due_on", Integer),
    # How many of its manifests there were when it was last opened: what came since is new to the desk.
    Column("seen", Integer, nullable=False, server_default="0"),
    # When a colleague's words last reached the person, while the two talk.
    Column("colleague_wrote_at", BigInteger),
    Column("erase_at", BigInteger, index=True),
    of_length("id", 16),
    of_length("public_key", 32),
    one_of("state", "draft", "queued", "claimed", "closed"),
    one_of("priority", "urgent", "high", "normal"),
    CheckConstraint(
        "state = 'draft' OR (reference IS NOT NULL AND priority IS NOT NULL AND queued_on IS NOT NULL)",
        name="queued_is_complete",
    ),
)

OPEN, QUEUED, HELD = "state IN ('queued', 'claimed')", "state = 'queued'", "state = 'claimed'"
"""As they stand in the indexes of `storage.schema.indexes`; a query has to say them in these words to be answered by those.
No draft is in any of them, so that what people write costs nothing more for them."""

# No field name: which questions somebody was asked would show the way they took.
answers = Table(
    "answers",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    at_least("sequence", 0),
)

manifests = Table(
    "manifests",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    at_least("number", 0),
)

# How far each link is. The links themselves are sealed answers, in the same order.
links = Table(
    "links",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("platform", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="new"),
    at_least("number", 0),
    one_of("status", "new", "reported", "removed", "refused", "no_response", "escalated"),
)

WORKED_ON = "status <> 'new'"
"""As it stands in the index of links, like `OPEN`: what people send costs nothing more for it."""

# What colleagues wrote about a case: notes, contacts, reports to platforms, what they said to the person.
# Locked with a key that only the case's private key gives, each bound to the one before.
entries = Table(
    "entries",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("locked", LargeBinary, nullable=False),
    at_least("number", 0),
)

# What a colleague says to a person, until it reached them: sealed to a key that only their chat, or their
# case code, gives. The desk itself cannot open it again.
letters = Table(
    "letters",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("case_id", LargeBinary, ForeignKey("cases.id"), nullable=False, index=True),
    Column("reader", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("erase_at", BigInteger, index=True),
    # Which chat it is for: that of the same key in `conversations`.
    Column("letter_key", LargeBinary, index=True),
    of_length("id", 16),
    of_length("letter_key", 32),
    one_of("reader", "chat", "code"),
    one_of("state", "waiting", "sent", "delivered", "failed"),
    at_least("entry", 0),
)

# The way back by case code: found by a value that only the code gives.
receipts = Table(
    "receipts",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("case_id", LargeBinary, ForeignKey("cases.id"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    of_length("lookup", 32),
    of_length("public_key", 32),
)

# What the organisation says often; nothing of anybody stands in it.
saved_replies = Table(
    "saved_replies",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("zh_Hant_HK", Text, nullable=False),
    of_length("id", 16),
)

# ------------------------------------------------------------------ people's rights

# What somebody asked for of their own data. It goes with the case.
requests = Table(
    "requests",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("case_id", LargeBinary, ForeignKey("cases.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("asked_on", Integer, nullable=False),
    Column("due_on", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    # Who asks a second person to confirm that the case is erased, and why.
    Column("proposed_by", LargeBinary, ForeignKey("staff.id")),
    Column("reason", Text),
    of_length("id", 16),
    one_of("kind", "copy", "correct", "erase"),
    one_of("state", "open", "done", "refused"),
    Index("ix_requests_state", "state", "due_on"),
)

# That something was erased, by whom and why: all that is left, and of nobody's data.
erasures = Table(
    "erasures",
    metadata,
    Column("number", Text, primary_key=True),
    Column("erased_on", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", LargeBinary, ForeignKey("staff.id"), nullable=False),
    Column("confirmed_by", LargeBinary, ForeignKey("staff.id"), nullable=False),
    CheckConstraint("proposed_by <> confirmed_by", name="two_people"),
)

# Requests that were refused, which the law wants kept for years: Cap. 486, section 27.
refusals = Table(
    "refusals",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("refused_on", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # As in the log: leads nowhere once the case is erased.
    Column("subject", Text, nullable=False),
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), nullable=False),
    Column("erase_at", BigInteger, nullable=False, index=True),
    of_length("id", 16),
    one_of("kind", "copy", "correct", "erase"),
)

counts = Table(
    "counts",
    metadata,
    Column("month", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("n", Integer, nullable=False),
    CheckConstraint("length(month) = 7", name="month_length"),
    at_least("n", 0),
)

# What may wait: written in the transaction that causes it, done by whoever comes by first.
later_work = Table(
    "later_work",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    # A provider's id of something to be deleted; never an address.
    Column("subject", LargeBinary),
    # A letter that may name a person, and the day whose key opens it.
    Column("epoch", Integer),
    Column("sealed", LargeBinary),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Why the last attempt failed: a provider's error code, or a word of ours.
    Column("code", Text),
    # A dead letter: without subject and letter, for an operator to see until its time is over.
    Column("given_up", Boolean, nullable=False, server_default=false()),
    Column("erase_at", BigInteger, index=True),
    of_length("id", 16),
    Index("ix_later_work_kind", "kind", "due_at"),
)
