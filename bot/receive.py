"""The one path a message takes, whatever channel it came by: heard, turned, kept and answered at once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from flows.steps import ENDS, STEP, progress
from flows.turn import standing, turn
from flows.vocabulary import (
    Conversation,
    Heard,
    Language,
    MessageId,
    Outside,
    Reply,
    Say,
    StepId,
    Turn,
)
from locales import Words
from storage.errands import Errand
from storage.errors import CannotOpen, StoreError
from storage.intake import Intake, nothing_else
from storage.outbox import DeliveryState
from storage.sealing import ID_BYTES
from storage.team_chat import read_code

log = logging.getLogger(__name__)

FETCHES = frozenset({"web", "terminal"})
"""Channels that fetch what colleagues write, and say when it was shown. To all others it is sent."""


class UnknownConversation(Exception):
    """Nothing is known of this address, and a conversation cannot begin this way: its token has ended."""


class DeliveryReused(Exception):
    """A delivery id came a second time with other words: a different message, which was not taken."""


class TooMany(Exception):
    """No other conversation may begin now: what `before_beginning` of `receive` raises.

    Attributes:
        which: `rate` where this address began too many, `busy` where everybody together did.
        seconds: after which it may.
        first: whether the person has not just been told so.
    """

    def __init__(self, which: str, seconds: int, first: bool = True) -> None:
        super().__init__(which)
        self.which, self.seconds, self.first = which, seconds, first


@dataclass(frozen=True)
class Message:
    """One message as a channel shows it.

    Attributes:
        id: the same each time the same reply is given.
        choices: (id, what the button says), in order.
        several: whether more than one may be chosen.
    """

    id: str
    sender: Literal["assistant", "caseworker"]
    text: str = field(repr=False)
    choices: tuple[tuple[str, str], ...] = ()
    several: bool = False


@dataclass(frozen=True)
class Answer:
    """What a channel sends back.

    Attributes:
        progress: (question, of how many), where a question stands.
        closed: nothing more can be written here: an end, or a case that only its code leads back to.
        skippable: the question that stands can be left out.
        waits: something that was said before is still to be sent, and this has to come after it; told only to what
            the answer `causes`.
    """

    messages: tuple[Message, ...]
    step: str
    language: Language | None
    progress: tuple[int, int] | None
    closed: bool = False
    skippable: bool = False
    waits: bool = False


class Reception:
    """Takes messages in. Safe to share between threads.

    Args:
        intake: where conversations are kept; it can write answers and open none.
        words: the catalogues.
        clock: the time, timezone-aware UTC.
    """

    def __init__(
        self, intake: Intake, words: Words, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._intake = intake
        self._words = words
        self._clock = clock

    def receive(
        self,
        heard: Heard,
        causes: Callable[[Answer], Sequence[Errand]] | None = None,
        before_beginning: Callable[[Heard], None] | None = None,
    ) -> Answer:
        """Answer one message. When this returns, everything it led to is durable.

        Args:
            causes: from the answer to errands that are kept with it, also where the answer is that the fault is
                ours; not asked for a repeated message.
            before_beginning: called where the message would begin a conversation; what it raises is raised.
        Raises:
            UnknownConversation: the token of a page that has ended, or that nobody was given.
            DeliveryReused: the id was used for other words before.
            StoreAway: nothing was kept; the person must be told to send it again.
            StateUnreadable: what is kept cannot be read, and stays as it is.
        """
        now, after, put = self._clock(), list[Conversation | None](), list[tuple[Reply, Answer]]()

        def decide(conversation: Conversation | None, outside: Outside) -> Turn:
            if conversation is None and heard.kind != "start" and not heard.can_be_reached:
                raise UnknownConversation
            decided = turn(conversation, heard, now, outside)
            if conversation is None and decided.conversation is not None and before_beginning is not None:
                before_beginning(heard)
            after[:] = [decided.conversation]
            return decided

        def answer_to(reply: Reply) -> Answer:
            # Put into words once, for what it causes and for what is sent; anew where a turn was decided on again.
            if not put or put[0][0] is not reply:
                put[:] = [(reply, self._answer(reply, heard))]
            return put[0][1]

        def errands(reply: Reply, waits: bool) -> Sequence[Errand]:
            return () if causes is None else causes(replace(answer_to(reply), waits=waits))

        try:
            reply = self._intake.take(heard, now, decide, nothing_else if causes is None else errands)
        except CannotOpen:
            # A reply is locked under the words it answers, so other words do not open it.
            raise DeliveryReused from None
        except TooMany as wait:
            if wait.first:
                raise
            return self._untaken(self._answer(Reply((), StepId(""), None), heard), causes)
        except (StoreError, UnknownConversation, DeliveryReused):
            raise
        except Exception as failure:
            # A defect of ours must not silence anybody. The class name alone is logged: what an
            # exception carries could be somebody's words.
            log.error(
                "message not handled", extra={"error": type(failure).__name__, "channel": heard.channel}
            )
            return self._untaken(self._sorry(heard, now), causes)
        answer = answer_to(reply)
        if any(conversation and conversation.case in ("linked", "code") for conversation in after):
            return self._with_letters(answer, heard)
        return answer

    def present(self, channel: str, address: str, can_be_reached: bool = False) -> Answer | None:
        """Put the standing question again, changing nothing; None where no conversation is known.

        Args:
            can_be_reached: as for what is heard by this channel; some choices depend on it.
        """
        heard = Heard(channel, address, id="present", kind="start", can_be_reached=can_be_reached)
        now = self._clock()
        conversation = self._intake.peek(channel, address, now)
        if conversation is None:
            return None
        answer = self._answer(standing(conversation, heard, now), heard)
        return replace(answer, messages=(*answer.messages, *self.letters(channel, address)))

    def letters(self, channel: str, address: str) -> tuple[Message, ...]:
        """Return what colleagues wrote, where a chat fetches it; each until it was `shown`.

        Raises: `StoreAway`, `StateUnreadable`.
        """
        if channel not in FETCHES:
            return ()
        waiting = self._intake.outbox.waiting(channel, address, self._clock())
        return tuple(Message(letter.id.hex(), "caseworker", letter.text) for letter in waiting)

    def shown(self, channel: str, address: str, letter: str) -> None:
        """A chat has shown what colleagues wrote, up to and with the message of this id.

        Raises: `StoreAway`.
        """
        if len(letter) == 2 * ID_BYTES:
            with suppress(ValueError):
                self._intake.outbox.shown(channel, address, bytes.fromhex(letter), self._clock())

    def say(self, text: MessageId, heard: Heard) -> Answer:
        """Say one text in answer to a message that is not taken, in both languages where none is known."""
        return self._answer(Reply((Say(text),), StepId(""), None), heard)

    def run_later(self, errands: Sequence[Errand]) -> None:
        """Keep errands that belong to no message.

        Raises: `StoreAway`.
        """
        self._intake.run_later(errands, self._clock())

    def is_colleagues(self, text: str, address: str) -> bool:
        """Whether this is the code by which a colleague links their own chat; if so, it is linked. Raises: `StoreAway`."""
        code = read_code(text)
        return code is not None and self._intake.link_colleague(code, address, self._clock())

    def waiting(self, kind: str) -> frozenset[str]:
        """Return the subjects of the errands of a kind that are not done yet."""
        return self._intake.waiting(kind)

    def leave(self, channel: str, address: str, erase: bool) -> None:
        """End a conversation that nobody can come back to; with `erase`, destroy what it holds now."""
        self._intake.leave(channel, address, erase, self._clock())

    def letter_came(self, letter: str, state: DeliveryState) -> None:
        """Note how far a colleague's message came that was sent. Raises: `StoreAway`."""
        if len(letter) == 2 * ID_BYTES:
            with suppress(ValueError):
                self._intake.outbox.mark([bytes.fromhex(letter)], state, self._clock())

    def _with_letters(self, answer: Answer, heard: Heard) -> Answer:
        """Add what colleagues wrote; where it is sent, have it sent now, as the person is there."""
        try:
            if heard.channel not in FETCHES:
                self._intake.outbox.release(heard.channel, heard.address, self._clock())
                return answer
            return replace(answer, messages=(*answer.messages, *self.letters(heard.channel, heard.address)))
        except StoreError as failure:
            # The message was taken, and its answer must not be lost; the letters wait for the next one.
            log.error(
                "letters not handed over", extra={"error": type(failure).__name__, "channel": heard.channel}
            )
            return answer

    def _untaken(self, answer: Answer, causes: Callable[[Answer], Sequence[Errand]] | None) -> Answer:
        """Answer a message that was not taken, and have done what it causes all the same."""
        if causes is not None:
            self.run_later(causes(answer))
        return answer

    def _sorry(self, heard: Heard, now: datetime) -> Answer:
        """Say that the fault is ours, and put the question that still stands."""
        conversation = self._intake.peek(heard.channel, heard.address, now)
        sorry = Say(MessageId("error.handler"))
        if conversation is None:
            return self._answer(Reply((sorry,), StepId("language"), None), heard)
        reply = standing(conversation, heard, now)
        return self._answer(Reply((sorry, *reply.says), reply.step, reply.language), heard)

    def _answer(self, reply: Reply, heard: Heard) -> Answer:
        delivery = hashlib.sha256(f"{heard.channel}\0{heard.address}\0{heard.id}".encode(errors="replace"))
        stem = delivery.hexdigest()[:16]
        messages = tuple(
            Message(
                id=f"{stem}-{place}",
                sender="assistant",
                text=self._words.say(reply.language, say.id, say.params),
                choices=tuple(
                    (choice.id, self._words.label(reply.language, choice.label)) for choice in say.choices
                ),
                several=say.several,
            )
            for place, say in enumerate(reply.says)
        )
        return Answer(
            messages,
            reply.step,
            reply.language,
            progress(reply.step),
            closed=_is_over(reply),
            skippable=reply.step in STEP and not STEP[reply.step].required,
        )


def _is_over(reply: Reply) -> bool:
    if reply.step == "submitted":
        return not any(say.choices for say in reply.says)
    return reply.step in ENDS and reply.step != "paused"
