"""Messages that came while nobody here answered: found in Twilio's list, and taken in the order they were sent.

A message that was handled has its deletion waiting as an errand, or is deleted: what is left is what we missed. One to
which Twilio could only say, from our own response, that it was not received is not taken: its person was asked to send
it again, and the same words must not be read twice.

The list knows a person by the address they write from, and by nothing else. Where that is a number, and the
conversation goes by their WhatsApp user id, it cannot be told whose answer it would be. They are asked to send it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bot.door import Door
from bot.receive import Answer
from bot.whatsapp.reading import CHANNEL, DELETE_MESSAGE, deletions, said_without_form
from bot.whatsapp.writing import WINDOW, messages_later, plain, texts
from flows.understanding.danger import read_danger
from locales import Words
from settings import Twilio
from storage.errands import Errand
from storage.errors import KeysUnusable, StateUnreadable, StoreAway

log = logging.getLogger(__name__)

LOOKED_BACK = timedelta(hours=72)
SETTLED = timedelta(seconds=30)
"""A younger message may still be on its way to us, or in hand: Twilio waits 15 seconds for an answer, twice at most."""
LONGEST_LOOK_SECONDS = 45.0
"""Less than a message is left at Twilio after it was handled, so that what was handled meanwhile is known."""
MOST = 1_000
"""Messages looked at in one round; the rest come in the next."""

_TOLD_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True)
class _Found:
    """A message in Twilio's list."""

    sid: str = field(repr=False)
    address: str = field(repr=False)
    words: str = field(repr=False)
    media: int
    at: datetime


def rounds(
    settings: Twilio,
    public_url: str | None,
    door: Door,
    words: Words,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Callable[[], None]]:
    """Return what the background work does every minute, so that nobody who wrote is left without an answer.

    Args:
        public_url: as for the routes of this channel.
        door: as there, in this process.
        clock: the time, timezone-aware UTC.
    """
    return [_Round(settings, public_url, door, words, clock)]


class _Round:
    def __init__(
        self,
        settings: Twilio,
        public_url: str | None,
        door: Door,
        words: Words,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings, self._door, self._words, self._clock = settings, door, words, clock
        self._number = f"whatsapp:{settings.number}"
        self._status_url = None if public_url is None else f"{public_url}/webhooks/whatsapp/status"
        self._client: Any = None

    def __call__(self) -> None:
        """Take what was missed. Twilio being away is no failure: the next round looks again.

        Raises: `StoreError`.
        """
        from bot.whatsapp.client import UNREADABLE, Refusal, connect

        self._client = self._client or connect(self._settings)
        try:
            missed = self._missed()
        except Refusal as refusal:
            log.warning("missed messages could not be looked for", extra={"error": refusal.code})
            return
        except UNREADABLE as failure:
            log.warning("missed messages could not be looked for", extra={"error": type(failure).__name__})
            return
        asked: set[str] = set()
        for found in missed:
            try:
                self._take(found, asked)
            except (StoreAway, KeysUnusable):
                raise
            except Exception:
                # Whatever it is about this one, it must not keep the others waiting.
                log.exception("a missed message could not be taken")
        if missed:
            log.warning(
                "messages were missed, and taken now", extra={"channel": CHANNEL, "count": len(missed)}
            )

    def _missed(self) -> list[_Found]:
        """Return what nobody has handled, the oldest first."""
        began = time.monotonic()
        handled = self._door.waiting(DELETE_MESSAGE)
        now = self._clock()
        found = [each for each in self._list(now, to=self._number) if each.at <= now - SETTLED]
        handled |= self._door.waiting(DELETE_MESSAGE)
        # Twilio lists the latest first, and tells the second in which a message came.
        left = sorted((each for each in reversed(found) if each.sid not in handled), key=lambda each: each.at)
        if left:
            left = self._without_told(left, self._list(now, from_=self._number))
        if time.monotonic() - began > LONGEST_LOOK_SECONDS:
            return []
        return left

    def _list(self, now: datetime, **which: str) -> list[_Found]:
        listed = self._client.messages.list(
            date_sent_after=now - LOOKED_BACK, limit=MOST, page_size=MOST, **which
        )
        outbound = "from_" in which
        return [
            _Found(
                each.sid,
                str(each.to if outbound else each.from_),
                each.body or "",
                int(each.num_media or 0),
                each.date_created,
            )
            for each in listed
            if each.date_created is not None and (outbound or each.direction == "inbound")
        ]

    def _without_told(self, missed: Iterable[_Found], ours: Iterable[_Found]) -> list[_Found]:
        """Leave out, and delete, what was answered by saying that it was not received."""
        said = {plain(self._words.say(None, text)) for text in ("error.store_away", "error.handler")}
        told = [(each.address, each.at) for each in ours if each.words.strip() in said]
        left = []
        for found in missed:
            if any(who == found.address and found.at <= at <= found.at + _TOLD_WITHIN for who, at in told):
                self._door.run_later(deletions(found.sid))
            else:
                left.append(found)
        return left

    def _take(self, found: _Found, asked: set[str]) -> None:
        heard = said_without_form(found.sid, found.address, found.words, found.media, found.at)
        if heard is None or self._clock() - found.at > WINDOW:
            # Nothing to answer, or nobody who could still be answered.
            self._door.run_later(deletions(found.sid))
        elif _has_no_number(found.address) or self._is_known(found.address):
            self._door.hear(heard, partial(self._causes, found))
        else:
            again = [] if found.address in asked else self._ask_again(found)
            self._door.run_later([*deletions(found.sid), *again])
            asked.add(found.address)

    def _is_known(self, address: str) -> bool:
        try:
            return self._door.present(CHANNEL, address) is not None
        except StateUnreadable:
            return True

    def _causes(self, found: _Found, answer: Answer) -> Sequence[Errand]:
        return [*deletions(found.sid), *self._reply(found, texts(self._words, answer))]

    def _ask_again(self, found: _Found) -> list[Errand]:
        danger = read_danger(found.words)
        ids = [f"danger.{danger.value}"] if danger is not None else []
        said = "\n\n".join(self._words.say(None, each) for each in [*ids, "error.store_away"])
        return self._reply(found, [plain(said)])

    def _reply(self, found: _Found, messages: list[str]) -> list[Errand]:
        return messages_later(found.address, found.address, messages, self._status_url)


def _has_no_number(address: str) -> bool:
    """Whether an address is a WhatsApp user id, by which its conversation goes as well."""
    return not address.startswith("whatsapp:+")
