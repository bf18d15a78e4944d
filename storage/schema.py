"""The tables. Times are UTC unix seconds, days are UTC day numbers (seconds // 86 400).

What a copy of the database shows is written in the columns below and nowhere else: every blob that
is not a key, a hash or a random id is sealed before it comes here. Finer times than a day stand only
where a deadline needs them, and only on rows that are destroyed at that deadline.
"""

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
    MetaData,
    Table,
    Text,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _bytes(column: str, length: int) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _at_least(column: str, least: int) -> CheckConstraint:
    return CheckConstraint(f"{column} >= {least}", name=f"{column}_least")


# ------------------------------------------------------------------ what people write

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
    _bytes("id", 16),
    _bytes("lookup", 32),
    _bytes("letter_key", 32),
)

# One row for each message that was answered, so that the same message is never taken twice.
marks = Table(
    "marks",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("reply", LargeBinary, nullable=False),
    Column("erase_at", BigInteger, nullable=False, index=True),
    _bytes("mark", 32),
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
    Column("claimed_by", LargeBinary, ForeignKey("staff.id"), index=True),
    Column("due_on", Integer, index=True),
    # How many of its manifests there were when it was last opened: what came since is new to the desk.
    Column("seen", Integer, nullable=False, server_default="0"),
    # When a colleague's words last reached the person, while the two talk.
    Column("colleague_wrote_at", BigInteger),
    Column("erase_at", BigInteger, index=True),
    _bytes("id", 16),
    _bytes("public_key", 32),
    _one_of("state", "draft", "queued", "claimed", "closed"),
    _one_of("priority", "urgent", "high", "normal"),
    CheckConstraint(
        "state = 'draft' OR (reference IS NOT NULL AND priority IS NOT NULL AND queued_on IS NOT NULL)",
        name="queued_is_complete",
    ),
)

OPEN = "state IN ('queued', 'claimed')"
"""As it stands in the index of the queue; a query has to say it in these words to be answered by it."""

Index(
    "ix_cases_open",
    cases.c.raised,
    cases.c.priority,
    cases.c.queued_on,
    cases.c.id,
    cases.c.state,
    sqlite_where=text(OPEN),
    postgresql_where=text(OPEN),
)

# No field name: which questions somebody was asked would show the way they took.
answers = Table(
    "answers",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    _at_least("sequence", 0),
)

manifests = Table(
    "manifests",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    _at_least("number", 0),
)

# How far each link is. The links themselves are sealed answers, in the same order.
links = Table(
    "links",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("platform", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="new"),
    _at_least("number", 0),
    _one_of("status", "new", "reported", "removed", "refused", "no_response", "escalated"),
)

# What colleagues wrote about a case: notes, contacts, reports to platforms, what they said to the person.
# Locked with a key that only the case's private key gives, each bound to the one before.
entries = Table(
    "entries",
    metadata,
    Column("case_id", LargeBinary, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("locked", LargeBinary, nullable=False),
    _at_least("number", 0),
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
    _bytes("id", 16),
    _bytes("letter_key", 32),
    _one_of("reader", "chat", "code"),
    _one_of("state", "waiting", "sent", "delivered", "failed"),
    _at_least("entry", 0),
)

# The way back by case code: found by a value that only the code gives.
receipts = Table(
    "receipts",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("case_id", LargeBinary, ForeignKey("cases.id"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    _bytes("lookup", 32),
    _bytes("public_key", 32),
)

# What the organisation says often; nothing of anybody stands in it.
saved_replies = Table(
    "saved_replies",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("zh_Hant_HK", Text, nullable=False),
    _bytes("id", 16),
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
    _bytes("id", 16),
    _one_of("kind", "copy", "correct", "erase"),
    _one_of("state", "open", "done", "refused"),
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
    _bytes("id", 16),
    _one_of("kind", "copy", "correct", "erase"),
)

counts = Table(
    "counts",
    metadata,
    Column("month", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("n", Integer, nullable=False),
    CheckConstraint("length(month) = 7", name="month_length"),
    _at_least("n", 0),
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
    _bytes("id", 16),
    Index("ix_later_work_kind", "kind", "due_at"),
)

# ------------------------------------------------------------------ who reads it

staff = Table(
    "staff",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    # The name as it is compared: two people may not differ in capitals alone.
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("check_value", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("wrapped_private", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    _bytes("id", 16),
    _bytes("check_value", 32),
    _bytes("public_key", 32),
    _one_of("role", "intake", "supervisor", "key_holder", "auditor", "administrator"),
    _one_of("state", "active", "disabled"),
)

desk_keys = Table(
    "desk_keys",
    metadata,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    _at_least("generation", 1),
    _bytes("public_key", 32),
    _one_of("state", "current", "retiring", "destroyed"),
)

slots = Table(
    "slots",
    metadata,
    Column("generation", Integer, ForeignKey("desk_keys.generation"), primary_key=True),
    # `staff:` and a hexadecimal staff id, `recovery`, or `bootstrap`.
    Column("holder", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    # To whom it is sealed, and the proof that somebody with this desk key decided so: whoever can only write
    # to the database cannot put another key here, and have the next desk key sealed to it.
    Column("public_key", LargeBinary),
    Column("proof", LargeBinary),
    _bytes("public_key", 32),
    _bytes("proof", 32),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("staff", Text, index=True),
    Column("event", Text, nullable=False),
    Column("subject", Text, index=True),
    Column("recipient", Text),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    _bytes("previous", 32),
    _bytes("hash", 32),
)

# ------------------------------------------------------------------ how colleagues prove who they are

# A sign-in, found by the hash of a secret that the browser alone has; the same secret unlocks the private key.
sessions = Table(
    "sessions",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), nullable=False, index=True),
    Column("stage", Text, nullable=False),
    Column("locked_private", LargeBinary, nullable=False),
    # What a passkey is asked to sign just now.
    Column("challenge", LargeBinary),
    Column("began_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    # When the second factor was last given.
    Column("proved_at", BigInteger),
    Column("erase_at", BigInteger, nullable=False, index=True),
    _bytes("lookup", 32),
    _one_of("stage", "password", "enrolling", "open"),
)

# The secret of an authenticator app, locked with the colleague's own key.
authenticators = Table(
    "authenticators",
    metadata,
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), primary_key=True),
    Column("locked", LargeBinary, nullable=False),
    # The half minute of the last code that was taken: no code counts twice.
    Column("last_step", BigInteger, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential", LargeBinary, primary_key=True),
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("added_on", Integer, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), nullable=False, index=True),
    _bytes("lookup", 32),
)

# A link that is good once. It may carry the colleague's private key, locked with what stands in the link.
invitations = Table(
    "invitations",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    # None for the very first colleague, who is added by it.
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), index=True),
    Column("locked_private", LargeBinary),
    Column("erase_at", BigInteger, nullable=False, index=True),
    _bytes("lookup", 32),
)

# Where a colleague wants to be told how many cases wait, and what they were last told.
digests = Table(
    "digests",
    metadata,
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), primary_key=True),
    Column("address", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("told_at", BigInteger, nullable=False, server_default="0"),
)

# Guesses in vain, by keyed hashes of an account or of where they came from.
attempts = Table(
    "attempts",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("free_at", BigInteger, nullable=False),
    Column("erase_at", BigInteger, nullable=False, index=True),
    _bytes("lookup", 32),
    _at_least("failures", 0),
)
