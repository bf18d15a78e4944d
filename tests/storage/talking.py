"""Somebody who talks to the intake, turn by turn, in place of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, select

from flows.vocabulary import (
    Answered,
    Consented,
    Conversation,
    FieldId,
    Heard,
    LinkMark,
    MessageId,
    Outside,
    Raised,
    Record,
    Reply,
    Say,
    StepId,
    Submitted,
    Turn,
)
from storage import schema
from storage.database import Database
from storage.intake import Intake
from tests.storage.building import CHEAP, Instance

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
_numbers = count(1)

Decide = Callable[[Conversation | None, Outside], Turn]


def intake_of(instance: Instance, **options: Any) -> Intake:
    """The intake of an instance, with case codes that cost nothing."""
    journal = instance.keys.path.parent / "erased"
    return Intake(instance.database, instance.keys, journal, code_parameters=CHEAP, **options)


def reply(*messages: str, **params: Any) -> Reply:
    """A reply of these messages."""
    return Reply(tuple(Say(MessageId(id_), params) for id_ in messages), StepId("name"), "en")


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has that can hold anything of a person; those with none are left out."""
    with database.reading() as connection:
        counted = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.metadata.sorted_tables
            if table.name not in ("staff", "desk_keys", "slots", "audit", "counts")
        }
    return {name: n for name, n in counted.items() if n}


@dataclass
class Person:
    """Somebody with one address, and what the conversation decides for them."""

    intake: Intake
    address: str = "an address"
    channel: str = "web"
    now: datetime = NOW
    code: str = field(default="", repr=False)
    reference: str = ""

    def say(self, decide: Decide, text: str = "", delivery: str | None = None, **heard: Any) -> Reply:
        """Say something, and have `decide` turn it; a delivery seen before gets its reply again."""
        delivery = f"delivery {next(_numbers)}" if delivery is None else delivery
        said = Heard(self.channel, self.address, delivery, text=text, **heard)
        return self.intake.take(said, self.now, decide)

    def sees(self) -> Conversation | None:
        """What is remembered."""
        return self.intake.peek(self.channel, self.address, self.now)

    def waits(self, **time: float) -> Person:
        """Let time go by."""
        self.now += timedelta(**time)
        return self

    # -------------------------------------------------------------- turns that tests share

    def begins(self) -> Person:
        """Open the chat and choose a language."""
        self.say(lambda *_: Turn(Conversation(step=StepId("age"), language="en"), reply("greeting")))
        return self

    def consents(self) -> Person:
        """Agree."""

        def decide(before: Conversation | None, _: Outside) -> Turn:
            conversation = (before or Conversation()).but(
                step=StepId("pronoun"), language="en", case="draft", answered=(FieldId("consent"),)
            )
            records = (Consented("v1", "en"), Answered(FieldId("consent"), 0, {"version": "v1"}))
            return Turn(conversation, reply("got.consent"), records, ("consented",))

        self.say(decide, "yes")
        return self

    def answers(self, field_id: str, value: Any, how: Any = "set", text: str = "x", **heard: Any) -> Person:
        """Answer a question."""

        def decide(before: Conversation | None, outside: Outside) -> Turn:
            assert before is not None
            links = before.links
            if field_id == "links" and how == "add":
                links += tuple(LinkMark(outside.fingerprint(v["url"]), "s", v["platform"]) for v in value)
            record = Answered(FieldId(field_id), len(before.answered), value, how)
            conversation = before.but(answered=(*before.answered, record.field), links=links)
            return Turn(conversation, reply("got.text", text=text), (record,))

        self.say(decide, text, **heard)
        return self

    def submits(self, linked: bool = False) -> Person:
        """Hand the case over."""

        def decide(before: Conversation | None, outside: Outside) -> Turn:
            assert before is not None
            self.reference, self.code = outside.reference(), outside.case_code()
            platforms = tuple(mark.platform for mark in before.links)
            record = Submitted(self.reference, self.code, "high", "links", ("danger",), platforms, linked)
            after = Conversation(step=StepId("submitted"), language="en", case="linked") if linked else None
            return Turn(after, reply("submitted"), (record,), ("submitted",))

        self.say(decide, "submit")
        return self

    def records(self, *records: Record, after: Conversation | str | None = "same", **heard: Any) -> Person:
        """Have a turn with these records; what is remembered stays the same, or is `after`."""

        def decide(before: Conversation | None, _: Outside) -> Turn:
            return Turn(before if isinstance(after, str) else after, reply("noted"), records)

        self.say(decide, **heard)
        return self

    def drafts(self) -> Person:
        """Consent and answer a little."""
        return self.begins().consents().answers("name", "Canary Yellow")

    def asks_for_somebody(self) -> Person:
        """Raise the case."""
        return self.records(Raised("human"))
