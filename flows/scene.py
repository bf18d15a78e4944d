"""One turn while it is being worked out: what stands, what was heard, and what has been decided so far.

A scene lives only inside one call of `flows.turn.turn`. It gathers; nothing in it acts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from flows.chart import follow
from flows.choices import CHOICES
from flows.steps import BEFORE_CONSENT, STEP, Step
from flows.understanding.text import clean
from flows.vocabulary import (
    Added,
    Answered,
    Choice,
    Conversation,
    Erased,
    FieldId,
    Heard,
    Label,
    MessageId,
    Outside,
    Param,
    Record,
    Reply,
    Say,
    StepId,
    Turn,
)


def choice_label(field: str, choice: str) -> MessageId:
    """Return the message id of what the button for a choice says."""
    return MessageId(f"choice.{field}.{choice}")


def field_label(field: str) -> MessageId:
    """Return the message id of the name of a field."""
    return MessageId(f"field.{field}")


class Scene:
    """What a turn knows and has decided. Methods that decide something return nothing."""

    def __init__(self, conversation: Conversation, heard: Heard, now: datetime, outside: Outside) -> None:
        self.conversation: Conversation = conversation
        self.began: Conversation = conversation
        self.heard = heard
        self.text = clean(heard.text)
        self.now = now
        self.outside = outside
        self.says: list[Say] = []
        self.records: list[Record] = []
        self.counts: list[str] = []
        self.ended_at: StepId | None = None

    # -- what stands

    @property
    def step(self) -> Step:
        return STEP[self.conversation.step]

    @property
    def standing(self) -> StepId:
        """Where the conversation stands, as the reply names it."""
        conversation = self.conversation
        if conversation.paused:
            return StepId("paused")
        return StepId("talking") if conversation.talking else conversation.step

    @property
    def today(self) -> Any:
        return self.now.date()

    @property
    def consented(self) -> bool:
        """Whether an answer may be kept at all."""
        return self.conversation.case is not None

    @property
    def submitted(self) -> bool:
        """Whether the conversation is about a case that is already in the queue."""
        return self.conversation.case in ("linked", "code")

    @property
    def is_caption(self) -> bool:
        """Whether the words stood under something that was refused."""
        return self.heard.kind in ("picture", "voice", "file", "location", "contact")

    @property
    def reachable(self) -> bool:
        """Whether a colleague has a way to the person, as far as the answers before submission tell."""
        conversation = self.conversation
        asking_for_detail = conversation.detail in ("phone", "telegram", "email")
        if "contact_method" not in conversation.answered or asking_for_detail:
            return self.heard.can_be_reached
        has_detail = (
            "contact_detail" in conversation.answered and "contact_detail" not in conversation.skipped
        )
        return "this_chat" in conversation.flags or has_detail

    @property
    def pressed(self) -> tuple[str, ...] | None:
        """The ids of pressed buttons, or None where something was written."""
        if self.heard.choices is not None:
            return self.heard.choices
        return None if self.heard.choice is None else (self.heard.choice,)

    # -- what is decided

    def change(self, **changes: Any) -> None:
        self.conversation = self.conversation.but(**changes)

    def flag(self, *, on: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        self.change(flags=(self.conversation.flags - set(off)) | set(on))

    def say(self, message: str, **params: Param) -> None:
        self.says.append(Say(MessageId(message), params))

    def ask(
        self,
        message: str,
        choices_of: str | None = None,
        choices: Iterable[str] | None = None,
        several: bool = False,
        **params: Param,
    ) -> None:
        """Say a question with its buttons: all those of a question, or the given ones of it."""
        offered = () if choices_of is None else CHOICES[choices_of] if choices is None else tuple(choices)
        buttons = tuple(Choice(choice, choice_label(choices_of or "", choice)) for choice in offered)
        self.says.append(Say(MessageId(message), params, buttons, several))

    def seal(self, field: str, value: Any, how: Literal["set", "add"] = "set") -> int:
        """Have an answer sealed, and return its sequence number.

        Once it is sealed the field counts as answered. The value itself is remembered nowhere.
        """
        sequence = len(self.conversation.answered)
        name = FieldId(field)
        self.records.append(Answered(name, sequence, value, how))
        changes: dict[str, Any] = {"answered": (*self.conversation.answered, name)}
        if value is None:
            changes["skipped"] = self.conversation.skipped | {name}
        else:
            changes["skipped"] = self.conversation.skipped - {name}
        self.change(**changes)
        if self.submitted and not any(isinstance(record, Added) for record in self.records):
            self.records.append(Added())
        return sequence

    def note_platforms(self, platforms: tuple[str, ...]) -> None:
        """Tell the queue of links that come to a case after it was submitted."""
        self.records = [
            Added(record.platforms + platforms) if isinstance(record, Added) else record
            for record in self.records
        ]

    def dealt_with(self, step: StepId) -> bool:
        """Whether a question need not be asked on the way forward: none is asked twice.

        `story` and `links` grow, so passing them again loses nothing and may be wished for.
        """
        if step == "consent":
            return self.consented
        if step in ("story", "links") or step in BEFORE_CONSENT:
            return False
        if step == "contact_detail" and self.conversation.detail is not None:
            return False
        return step in self.conversation.answered

    def forward(self, event: str = "answered") -> None:
        """Follow the table from the present step to the next question that is still open."""
        changing = self.conversation.return_to is not None
        while True:
            step = follow(self.conversation, event)
            self.change(step=step, aside=None, misses=0)
            if changing or event != "answered" or not self.dealt_with(step):
                break
        if step == self.conversation.return_to:
            self.change(return_to=None)

    def skip(self) -> None:
        """Leave the question out and go on. What was answered before is kept until it is replaced."""
        if self.conversation.step not in self.conversation.answered:
            self.seal(self.conversation.step, None)
        self.say("got.skipped")
        self.forward()

    def end(self, event: str, message: str) -> None:
        """End without a case: say the last word, keep nothing."""
        self.ended_at = follow(self.conversation, event)
        if self.consented:
            self.records.append(Erased())
        self.counts.append(self.ended_at)
        self.say(message)

    def leave(self, at: str) -> None:
        """The conversation is over and is not remembered, though a case may be (`submitted`)."""
        self.ended_at = StepId(at)

    def turn(self) -> Turn:
        """Return all that was decided."""
        language = self.conversation.language
        if self.ended_at is not None:
            reply = Reply(tuple(self.says), self.ended_at, language)
            return Turn(None, reply, tuple(self.records), tuple(self.counts))
        conversation = self.conversation.but(heard_at=self.now)
        reply = Reply(tuple(self.says), self.standing, language)
        return Turn(conversation, reply, tuple(self.records), tuple(self.counts))


def labels_of(field: str, choices: Iterable[str]) -> tuple[Label, ...]:
    """Return the labels of chosen answers, to confirm them in the reply."""
    return tuple(Label(choice_label(field, choice)) for choice in choices)
