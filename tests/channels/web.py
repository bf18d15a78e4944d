"""The web chat as a channel: its page or another program is the provider, and the token its signature."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.channels.harness import Channel, Delivery, Person, Shown
from tests.channels.payloads import JSON, changed

PATH = "/chat/messages"


@dataclass
class Visitor(Person):
    """Somebody at the page."""

    token: str = ""
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def begin(self) -> Shown:
        answer = self.service.app.test_client().post("/chat/sessions")
        self.token = (answer.json or {})["token"]
        return _shown(answer.status_code, answer.json)

    def text(self, words: str) -> Delivery:
        return self._message(text=words)

    def press(self, step: str, choice: str, label: str) -> Delivery:
        return self._message(choice=choice, step=step)

    def unknown(self) -> Iterator[Delivery]:
        yield self._message(hologram="x")
        yield self._message(text="a", choice="b")
        yield self._message(text="a").but(content_type="multipart/form-data; boundary=x")
        yield self._message(text="a").but(content_type="image/png", body=b"\x89PNG\r\n")

    def proved(self, body: bytes) -> Delivery:
        return Delivery(body, PATH, JSON, {"Authorization": f"Bearer {self.token}"})

    def forged(self, delivery: Delivery) -> Iterator[tuple[str, Delivery]]:
        yield "no token", delivery.but(headers={})
        for token in changed(self.token.encode()):
            yield "another token", delivery.but(headers={"Authorization": f"Bearer {token.decode()}"})

    def deliver(self, delivery: Delivery) -> Shown:
        answer = self.posted(delivery)
        return _shown(answer.status_code, answer.json)

    def _message(self, **said: Any) -> Delivery:
        return self.proved(json.dumps({"id": f"m{next(self._ids)}", **said}).encode())


def _shown(status: int, body: Any) -> Shown:
    if "error" in body:
        return Shown(status, (body["error"]["message"],))
    # The choices are on the buttons; in their order they are what another channel numbers.
    return Shown(status, tuple(message["text"] for message in body["messages"]))


WEB = Channel(
    name="web",
    join=Visitor,
    rule=PATH,
    forged=401,
    flooded=429,
    unreadable=frozenset({200, 400, 415}),
    away=(503, True),
    kinds=(),
)
