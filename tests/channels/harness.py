"""What a channel offers so that the one suite can test it: a person in it, and what their provider delivers.

Adding a channel here is one module that says what its provider sends; `test_every_channel.py` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from werkzeug.test import TestResponse

from tests.promises.conftest import Service

CANARY = "canary"
"""Stands in every name, caption and place that is sent along, and must be found nowhere afterwards."""

NEVER_KEPT = (
    CANARY,
    "85200000001",
    "85200000002",
    "5200000001",
    "5200000002",
    "HK.1349120001",
    "HK.1349120002",
)
"""That, and how the providers name the first two people; found in no file and no line of the log."""

NEVER_LOGGED = (*NEVER_KEPT, "wamid.", "SM00000000", "MM00000000", "100338000000000")
"""Nor may how providers number messages and files be logged. It is kept, alone, for their copies to be deleted."""

PUBLIC_URL = "https://chat.example.org"

Kind = Literal["picture", "voice", "file", "sticker", "location", "contact"]
KINDS: tuple[Kind, ...] = ("picture", "voice", "file", "sticker", "location", "contact")


@dataclass(frozen=True)
class Delivery:
    """One request, as the provider makes it.

    Attributes:
        body: the bytes; in a terminal the line that is typed.
    """

    body: bytes
    path: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def but(self, **changes: object) -> Delivery:
        """The same with something changed, and the proof of its origin as it was."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Shown:
    """What came of a delivery: the status of the answer, and the texts that the person is shown for it."""

    status: int
    texts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.texts)


@dataclass
class Person:
    """One person in one chat, and everything their provider may deliver of them.

    A channel says how it does the first three and `deliver`, and of the rest what it has.
    """

    service: Service
    number: int

    def begin(self) -> Shown:
        """Come to the chat, as people do there, and be greeted."""
        raise NotImplementedError

    def text(self, words: str) -> Delivery:
        """A new message with these words."""
        raise NotImplementedError

    def proved(self, body: bytes) -> Delivery:
        """A request with this body, whatever it is, that does come from the provider."""
        raise NotImplementedError

    def deliver(self, delivery: Delivery) -> Shown:
        """Hand a delivery over. Safe to call from several threads."""
        raise NotImplementedError

    def press(self, step: str, choice: str, label: str) -> Delivery:
        """The button of a choice, or what the channel has in its place."""
        return self.text(label)

    def kind(self, kind: Kind) -> Delivery:
        """Something that is no text; a picture has a caption."""
        raise NotImplementedError

    def edit(self, earlier: Delivery, words: str) -> Delivery | None:
        """The news that an earlier message now reads so; None where nobody is told of that."""
        return None

    def unknown(self) -> Iterator[Delivery]:
        """What no provider sends yet, or only of others than a person."""
        yield from ()

    def forged(self, delivery: Delivery) -> Iterator[tuple[str, Delivery]]:
        """The same from somebody who is not the provider, and what is wrong with each."""
        yield from ()

    def astray(self) -> Iterator[Delivery]:
        """What does come from the provider, and is meant for somebody else's account."""
        yield from ()

    def posted(self, delivery: Delivery) -> TestResponse:
        """The answer of the application to a delivery."""
        return self.service.app.test_client().post(
            delivery.path,
            data=delivery.body,
            content_type=delivery.content_type,
            headers=dict(delivery.headers),
        )


@dataclass(frozen=True)
class Channel:
    """A channel as the suite tests it, and where `docs/channels.md` has channels differ.

    Attributes:
        name: what conversations by it are marked with.
        join: makes a person of the instance; those of different numbers are different people.
        settings: what switches it on.
        secret: the setting that proves a delivery, and can be changed for another; empty without one.
        rule: its route for messages; empty without one.
        most: how many UTF-16 units a text may have there.
        forged: the status of a delivery that is not the provider's; None where there is no provider.
        unreadable: the statuses of a genuine delivery that cannot be read.
        flooded: the status of a message of somebody who writes too many; a provider would only send it again.
        too_large: the status of what is larger than anything the provider sends.
        away: the status while the store is away, and whether words come with it.
        again: whether the same message may be delivered again.
        later: whether texts are not in the answer, and come by a call that is made later. A delivery that
            comes again then brings no texts again.
        kinds: what else than text can be sent.
    """

    name: str
    join: Callable[[Service, int], Person]
    settings: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    rule: str = ""
    most: int = 4096
    forged: int | None = 403
    unreadable: frozenset[int] = frozenset({200})
    flooded: int = 200
    too_large: int = 413
    away: tuple[int, bool] = (503, False)
    again: bool = True
    later: bool = False
    kinds: tuple[Kind, ...] = KINDS


def units(text: str) -> int:
    """The length of a text as providers count."""
    return len(text.encode("utf-16-le")) // 2
