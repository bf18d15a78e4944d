"""What every provider's channel does alike, once a delivery is verified and read: limits, the one path,
and a kind text for whatever goes wrong.

A provider that is told of a failure sends the same again, and some hold back everything else of that person
meanwhile. So what we cannot handle is answered, in words. The one exception is a store that is away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.limits import Limits
from bot.problems import Problem, note
from bot.receive import Answer, Reception
from flows.vocabulary import Heard
from storage.errands import Errand
from storage.errors import StateUnreadable, StoreError
from storage.outbox import DeliveryState

AnswerCauses = Callable[[Answer], Sequence[Errand]]
"""From an answer to what is to be done at the provider because of it."""

_CAME: dict[str, DeliveryState] = {
    "delivered": "delivered",
    "read": "delivered",
    "failed": "failed",
    "undelivered": "failed",
}

NOTHING = Answer((), "", None, None)
"""The answer to what needs none."""


class Door:
    """Where the channels of providers come in. Safe to share between threads.

    Args:
        reception: what answers.
        limits: how much one address may send.
    """

    def __init__(self, reception: Reception, limits: Limits) -> None:
        self._reception = reception
        self._limits = limits

    def hear(
        self,
        heard: Heard,
        causes: AnswerCauses | None = None,
        raises: type[Exception] | tuple[type[Exception], ...] = (),
    ) -> Answer:
        """Answer one message; when this returns, everything it led to is durable.

        Args:
            causes: errands to keep in the transaction of the message, worked out from its answer. They are
                kept as well where the message itself could not be taken.
            raises: what the channel sees to itself, instead of a text.
        Raises:
            StoreError: the store is away, or its keys are; nothing was kept, and the provider must be told.
        """
        wait = self._limits.check(heard)
        if wait is not None:
            return self._instead(Problem(wait.which) if wait.first else None, heard, causes)
        try:
            return self._reception.receive(heard, causes, self._limits.check_beginning)
        except (StateUnreadable, Problem) as failure:
            return self._instead(failure, heard, causes)
        except StoreError:
            raise
        except raises:
            raise
        except Exception as failure:
            # Whatever it is: the same bytes again would not help, and the person must not be left in silence.
            return self._instead(failure, heard, causes)

    def leave(self, channel: str, address: str, erase: bool) -> None:
        """End a conversation, such as that of somebody who blocked us; with `erase`, its draft is destroyed.

        Raises: `StoreError`.
        """
        self._reception.leave(channel, address, erase)

    def present(self, channel: str, address: str) -> Answer | None:
        """Put the standing question again, changing nothing; None where no conversation is known.

        Raises: `StoreError`.
        """
        return self._reception.present(channel, address, can_be_reached=True)

    def waiting(self, kind: str) -> frozenset[str]:
        """Return what the errands of a kind are about that are not done yet.

        Raises: `StoreError`.
        """
        return self._reception.waiting(kind)

    def is_colleagues(self, heard: Heard) -> bool:
        """Whether a colleague links their own chat by this message, which is no person's. Raises: `StoreError`."""
        return heard.kind == "text" and self._reception.is_colleagues(heard.text, heard.address)

    def letter_came(self, letter: str, status: str) -> None:
        """Note how far a colleague's message came that was sent, for the colleague to see.

        Args:
            letter: its id, as the provider gave it back.
            status: in WhatsApp's words, of which some say nothing new.
        Raises: `StoreError`.
        """
        if state := _CAME.get(status):
            self._reception.letter_came(letter, state)

    def run_later(self, errands: Sequence[Errand]) -> None:
        """Keep errands that belong to no message. Raises: `StoreError`."""
        if errands:
            self._reception.run_later(errands)

    def _instead(self, failure: Exception | None, heard: Heard, causes: AnswerCauses | None) -> Answer:
        answer = NOTHING
        if failure is not None:
            problem = note(failure)
            answer = self._reception.say(problem.text, heard)
        if causes is not None:
            self.run_later(causes(answer))
        return answer
