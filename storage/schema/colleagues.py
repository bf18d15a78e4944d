"""The tables of colleagues: who they are, which keys they hold, what they did, and how they prove who they are."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
)

from storage.schema.base import at_least, metadata, of_length, one_of

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
    of_length("id", 16),
    of_length("check_value", 32),
    of_length("public_key", 32),
    one_of("role", "intake", "supervisor", "key_holder", "auditor", "administrator"),
    one_of("state", "active", "disabled"),
)

desk_keys = Table(
    "desk_keys",
    metadata,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    at_least("generation", 1),
    of_length("public_key", 32),
    one_of("state", "current", "retiring", "destroyed"),
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
    of_length("public_key", 32),
    of_length("proof", 32),
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
    of_length("previous", 32),
    of_length("hash", 32),
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
    of_length("lookup", 32),
    one_of("stage", "password", "enrolling", "open"),
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

# A browser in which a colleague signed in before, found by the hash of a mark that it keeps; and how far the log
# was then.
browsers = Table(
    "browsers",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), nullable=False, index=True),
    Column("seen", BigInteger, nullable=False),
    Column("erase_at", BigInteger, nullable=False, index=True),
    of_length("lookup", 32),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), nullable=False, index=True),
    of_length("lookup", 32),
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
    of_length("lookup", 32),
)

# Where a colleague wants to be told how many cases wait, and what they were last told.
digests = Table(
    "digests",
    metadata,
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), primary_key=True),
    Column("address", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("told_at", BigInteger, nullable=False, server_default="0"),
    # The Telegram chat where they are told instead, locked.
    Column("sealed_chat", LargeBinary),
)

# By these a colleague links a Telegram chat of their own.
chat_codes = Table(
    "chat_codes",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("staff_id", LargeBinary, ForeignKey("staff.id"), nullable=False, index=True),
    Column("used", Boolean, nullable=False, server_default=false()),
    Column("erase_at", BigInteger, nullable=False, index=True),
    of_length("lookup", 32),
)

# Guesses in vain, by keyed hashes of an account or of where they came from.
attempts = Table(
    "attempts",
    metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("free_at", BigInteger, nullable=False),
    Column("erase_at", BigInteger, nullable=False, index=True),
    of_length("lookup", 32),
    at_least("failures", 0),
)
