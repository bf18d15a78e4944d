"""A reception that answers by script, for what channels do around it."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from bot.receive import Answer, DeliveryReused, Message, UnknownConversation
from flows.vocabulary import Heard

QUESTION = Message(
    "q-0", "assistant", "How old?\n\n幾歲？", (("16_or_above", "16 or above"), ("under_16", "Not yet"))
)
SEVERAL = Message("s-0", "assistant", "Which?", (("a", "First"), ("b", "Second")), several=True)


class ScriptedReception:
    """Says the same to everybody it knows, remembers what it heard, and fails when told to."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.left: list[tuple[str, bool]] = []
        self.known: dict[str, dict[str, Heard]] = {}
        self.failure: Exception | None = None
        self.answer = Answer((QUESTION,), "age", "en", (2, 15))

    def receive(self, heard: Heard) -> Answer:
        if self.failure is not None:
            raise self.failure
        if heard.kind == "start":
            self.known[heard.address] = {}
        if heard.address not in self.known:
            raise UnknownConversation
        if self.known[heard.address].setdefault(heard.id, heard) != heard:
            raise DeliveryReused
        self.heard.append(heard)
        return self.answer

    def present(self, channel: str, address: str) -> Answer | None:
        return self.answer if address in self.known else None

    def leave(self, channel: str, address: str, erase: bool) -> None:
        if self.failure is not None:
            raise self.failure
        self.left.append((address, erase))
        self.known.pop(address, None)


def body_of(answer: TestResponse) -> Any:
    """The JSON of an answer."""
    return answer.get_json()


def code_of(answer: TestResponse) -> tuple[int, str]:
    """The status of a refusal, and its code."""
    return answer.status_code, body_of(answer)["error"]["code"]
