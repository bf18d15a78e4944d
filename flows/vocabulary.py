"""The nouns of a conversation: what is heard, said, recorded, and remembered between two messages.

Everything here is a frozen value. Nothing knows a channel, a database, a clock or a catalogue: text
people read is a message id with named parameters, and is put into words by `locales`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime
from typing import Any, Literal, NewType, Protocol

StepId = NewType("StepId", str)
"""A step of the conversation, or one of its ends (`referred`, `declined`, …). Stored and counted."""
FieldId = str
"""A field of the case. Mostly the id of the step that asks for it, and comparable with one."""
MessageId = NewType("MessageId", str)
"""The id of a text in the catalogues of `locales`."""

Language = Literal["en", "zh_Hant_HK"]
ENGLISH: Language = "en"
CHINESE: Language = "zh_Hant_HK"
LANGUAGES: tuple[Language, ...] = (CHINESE, ENGLISH)

HeardKind = Literal[
    "start",  # the chat was opened and nothing was said yet
    "text",
    "picture",
    "voice",
    "file",  # also stickers and anything that has no kind of its own
    "location",
    "contact",
    "edit",  # an earlier message was changed, and this is its new text
    "revoke",  # an earlier message was taken back
    "stop",  # the provider's own opt-out
    "blocked",  # the person blocked us: nothing can be said, and a draft is destroyed
]


@dataclass(frozen=True)
class Heard:
    """One thing a person did: wrote, pressed, or sent something that is not text.

    Attributes:
        channel: `web`, `terminal`, `whatsapp`, `telegram`.
        address: where the person is, in the channel's own terms; a secret, kept only as a keyed index.
        id: the delivery id, unique within (channel, address); the same id is the same message.
        text: what was written, or the caption of a picture. Unbounded and hostile until cleaned.
        choice: the id of a pressed button, if one was pressed.
        choices: the ids of several chosen buttons, sent together.
        asked_at: the step whose question the button stood under, where the channel knows it.
        can_be_reached: whether a colleague's message could come back to this chat later.
        sent_at: when they did it, UTC, where a provider delivers it: perhaps late, and perhaps more than once.
    """

    channel: str
    address: str = attribute(repr=False)
    id: str = attribute(repr=False)
    kind: HeardKind = "text"
    text: str = attribute(default="", repr=False)
    choice: str | None = attribute(default=None, repr=False)
    choices: tuple[str, ...] | None = attribute(default=None, repr=False)
    asked_at: str | None = None
    can_be_reached: bool = False
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Label:
    """A text inside a text: the name of a choice or a field, put into words with the message it stands in."""

    id: MessageId


Param = str | int | Label | tuple[Label, ...]


@dataclass(frozen=True)
class Choice:
    """A button: the id that is stored, and the message id of what it says."""

    id: str
    label: MessageId


@dataclass(frozen=True)
class Say:
    """One message to the person.

    Attributes:
        id: the text.
        params: what its placeholders are filled with. The only place in a reply where words of the
            person may stand, and only in the reply to those words (promise P3).
        choices: buttons below it, in order; in text channels they are numbered from 1.
        several: whether more than one of them may be chosen.
    """

    id: MessageId
    params: Mapping[str, Param] = attribute(default_factory=dict, repr=False)
    choices: tuple[Choice, ...] = ()
    several: bool = False


# ------------------------------------------------------------------ what is recorded


@dataclass(frozen=True)
class Consented:
    """Consent was given: a case begins. Until now nothing was kept."""

    version: str
    language: Language


@dataclass(frozen=True)
class Answered:
    """An answer to seal under `sequence`. `value` is JSON: text, a list, an object, or None for skipped.

    `how` is `set` (the last one counts) or `add` (to a list or a text that grows).
    """

    field: FieldId
    sequence: int
    value: Any = attribute(repr=False)
    how: Literal["set", "add"] = "set"


@dataclass(frozen=True)
class Forgotten:
    """The answer with this sequence was kept only on trial, and the person does not want it kept."""

    sequence: int


@dataclass(frozen=True)
class Submitted:
    """The draft becomes a case in the queue."""

    reference: str
    case_code: str | None = attribute(repr=False)
    priority: Priority
    reason: str
    flags: tuple[str, ...]
    platforms: tuple[str, ...]
    """The platform type of each link, in order. The links themselves are sealed answers."""
    linked: bool
    """Whether this chat stays the way to the person (`contact_method` is `this_chat`)."""


@dataclass(frozen=True)
class Added:
    """Answers of this turn belong to a case already submitted; `platforms` as in `Submitted`."""

    platforms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raised:
    """A submitted case needs somebody sooner: the person asked for a colleague, for erasing or for a copy of
    what we hold, is in danger, or says that they are under 16."""

    reason: Literal["human", "erase", "copy", "danger", "under_16"]


@dataclass(frozen=True)
class CameBack:
    """A case code was typed. Right or wrong, what is said next is the same (promise P5)."""

    code: str = attribute(repr=False)


@dataclass(frozen=True)
class Unlinked:
    """This chat is no longer the way to the person; the case stays."""


@dataclass(frozen=True)
class Erased:
    """Everything this conversation wrote is to be destroyed, the case with it where there is one."""


Record = Consented | Answered | Forgotten | Submitted | Added | Raised | CameBack | Unlinked | Erased

Priority = Literal["urgent", "high", "normal"]
Detail = Literal["phone", "telegram", "email", "replace"]


# ------------------------------------------------------------------ what is remembered


@dataclass(frozen=True)
class LinkMark:
    """What is remembered of a link: enough to tell a second one apart, not enough to read it."""

    link: str
    """Keyed fingerprint of the normalised link."""
    site: str
    """Keyed fingerprint of the site."""
    platform: str


@dataclass(frozen=True)
class Conversation:
    """What is remembered between two messages; stored encrypted, and holding no answer.

    Attributes:
        step: the question that stands.
        language: None until chosen.
        answered: the field sealed under each sequence number; None where it was forgotten again.
        skipped: fields the person chose not to answer.
        flags: what the rest of the way and the place in the queue depend on (`flows.priority`).
        links: marks of the links given so far.
        detail: what the step needs to know of the answer before: which kind of contact detail to ask
            for (`phone`, `telegram`, `email`), or `replace` where a new text takes the place of the
            old; forgotten once it is given.
        return_to: where to go back to after one answer was changed (`review` or `submitted`).
        aside: a question put in between (`erase`, `danger`, …), which stands before the step's own.
        misses: how often in a row the person was not understood.
        told: advice that is given once (`threats`, `hash_tools`).
        instead: what this becomes if the person says yes to the new words of a message; its `links` are left out.
        paused: the person asked to stop; the next message goes on.
        talking: a colleague talks with the person, and the assistant is silent.
        held: the question put in between that stood when the colleague began, for afterwards.
        case: None before consent; `draft`; after submission `linked` or, by the case code, `code`.
        heard_at: when the last message was sent, UTC; None for one that never spoke.
    """

    step: StepId = StepId("language")
    language: Language | None = None
    answered: tuple[FieldId | None, ...] = ()
    skipped: frozenset[FieldId] = frozenset()
    flags: frozenset[str] = frozenset()
    links: tuple[LinkMark, ...] = ()
    detail: Detail | None = None
    return_to: StepId | None = None
    aside: str | None = None
    misses: int = 0
    told: frozenset[str] = frozenset()
    instead: Conversation | None = None
    paused: bool = False
    talking: bool = False
    held: str | None = None
    case: Literal["draft", "linked", "code"] | None = None
    heard_at: datetime | None = None

    def but(self, **changes: Any) -> Conversation:
        """Return this conversation with some attributes changed."""
        # As `dataclasses.replace`, which each message would spend a good part of its time in.
        changed = object.__new__(Conversation)
        changed.__dict__.update(vars(self) | changes)
        return changed


@dataclass(frozen=True)
class Reply:
    """All that one message is answered with: texts, and where the conversation now stands."""

    says: tuple[Say, ...]
    step: StepId
    language: Language | None


@dataclass(frozen=True)
class Turn:
    """The outcome of one message.

    Attributes:
        conversation: what to remember; None where nothing may be (`referred`, `declined`, …).
        reply: what to say.
        records: what to seal, submit or destroy, in order.
        counts: names of monthly counts that go up by one; they have no link to a case.
    """

    conversation: Conversation | None
    reply: Reply
    records: tuple[Record, ...] = ()
    counts: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseStatus:
    """What may be told of a submitted case: never a link, a platform or a story."""

    state: Literal["queued", "claimed", "closed"]
    reported: int = 0
    removed: int = 0
    open: int = 0


class Outside(Protocol):
    """What a turn needs and may not make itself. Whoever calls the turn brings it."""

    def fingerprint(self, text: str) -> str:
        """Return a keyed fingerprint, stable within one conversation and meaningless outside it."""

    def reference(self) -> str:
        """Draw a case reference that is not in use, such as `TD-4F7K`."""

    def case_code(self) -> str:
        """Draw a case code of 16 digits."""

    def case_status(self) -> CaseStatus:
        """Tell how far the linked case is. Only asked for in a linked conversation."""

    def colleague_wrote_at(self) -> datetime | None:
        """Tell when a colleague's words last reached the person of the case, UTC; None where nobody talks."""

    def waiting_by_code(self, code: str) -> int:
        """Tell how many messages wait for whoever has a case code; none for a code of nobody's."""
