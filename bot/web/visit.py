"""What the page and the JSON do alike: begin, hear, present, leave, under the limits."""

from __future__ import annotations

import secrets

from bot.limits import Limits
from bot.problems import Problem
from bot.receive import Answer, Message, Reception
from flows.vocabulary import Heard

CHANNEL = "web"


class Visits:
    """Conversations of the web chat.

    Raises, from every method: `Problem`, and what `Reception` raises.
    """

    def __init__(self, reception: Reception, limits: Limits) -> None:
        self._reception = reception
        self._limits = limits

    def begin(self) -> tuple[str, Answer]:
        """Begin a conversation; return its token and the greeting."""
        token = secrets.token_urlsafe(32)
        heard = Heard(CHANNEL, token, id=new_id(), kind="start")
        return token, self._receive(heard, begins=True)

    def hear(self, heard: Heard, shown: str | None = None) -> Answer:
        """Answer one message.

        Args:
            shown: the id of the last colleague's message that the page has shown.
        """
        if shown:
            self._reception.shown(CHANNEL, heard.address, shown)
        return self._receive(heard, begins=False)

    def letters(self, token: str, shown: str | None = None) -> tuple[Message, ...]:
        """Return what colleagues wrote since; what was shown does not come again."""
        if shown:
            self._reception.shown(CHANNEL, token, shown)
        return self._reception.letters(CHANNEL, token)

    def present(self, token: str) -> Answer:
        """Put the standing question again."""
        answer = self._reception.present(CHANNEL, token)
        if answer is None:
            raise Problem("unauthorised")
        return answer

    def leave(self, token: str, erase: bool) -> None:
        """End a conversation; nobody can come back to it."""
        self._reception.leave(CHANNEL, token, erase)

    def _receive(self, heard: Heard, begins: bool) -> Answer:
        wait = self._limits.check(heard, begins, lasting=False)
        if wait is not None:
            raise Problem(wait.which, wait.seconds)
        return self._reception.receive(heard)


def new_id() -> str:
    """Draw the id of a message that a page without a script will send."""
    return secrets.token_urlsafe(12)
