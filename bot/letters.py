"""Colleagues' letters on their way to a provider: opened, put into the channel's own messages, and sent.

What a channel sends is an errand of its own. The first one of a letter is run here, so that it is known whether
the person can be reached; the others follow in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errands import GiveUp, Letter, Runner, TryAgain
from locales import Words
from settings import Settings
from storage.errands import Errand
from storage.errors import StateUnreadable
from storage.outbox import DELIVER, Addressed, ChatEnded, Outbox

Sender = Callable[[str, str, str], Sequence[Errand]]
"""From an address, a text and the letter's id to what sends it; nothing where the address is not the channel's."""

FIRST = "letter.first"
"""What a letter begins with: it may stand on a locked screen, and tells a person from the automatic chat."""

WRITE_FIRST = frozenset({"63016", "131047"})
"""What Twilio and Meta say where the person has to write first: the letter waits for that."""


@dataclass(frozen=True)
class Post:
    """What delivering needs.

    Attributes:
        outbox: the letters.
        words: the catalogues.
        keep: keeps errands for later.
    """

    outbox: Outbox
    words: Words
    keep: Callable[[Sequence[Errand]], None]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def with_letters(
    runners: Mapping[str, Runner], settings: Settings, post: Callable[[], Post]
) -> dict[str, Runner]:
    """Return these runners and one that delivers letters through them; none where there are none.

    Args:
        post: called with the first letter.
    """
    if not runners:
        return {}
    senders = senders_of(settings)

    def deliver(subject: str, _: Letter) -> None:
        _deliver(bytes.fromhex(subject), post(), senders, runners)

    return {**runners, DELIVER: deliver}


def senders_of(settings: Settings) -> dict[str, list[Sender]]:
    """Return what sends a text, by the name of the channel as conversations know it."""
    senders: dict[str, list[Sender]] = {}
    if settings.twilio:
        senders.setdefault("whatsapp", []).append(_by_twilio(settings.public_url))
    if settings.cloud:
        senders.setdefault("whatsapp", []).append(_by_cloud)
    if settings.telegram:
        senders.setdefault("telegram", []).append(_by_telegram)
    return senders


def _deliver(
    letter_id: bytes, post: Post, senders: Mapping[str, list[Sender]], runners: Mapping[str, Runner]
) -> None:
    now = post.clock()
    try:
        addressed = post.outbox.addressed(letter_id, now)
    except StateUnreadable:
        post.outbox.mark([letter_id], "failed", now)
        raise GiveUp("letter_unreadable") from None
    except ChatEnded:
        post.outbox.mark([letter_id], "failed", now)
        return
    if addressed is None or addressed.must_wait(now):
        return
    errands = _errands(addressed, post.words, senders)
    if not errands:  # it is fetched there
        return
    first, *rest = errands
    try:
        runners[first.kind](first.subject, first.letter or {})
    except TryAgain:
        raise
    except GiveUp as refused:
        if refused.code in WRITE_FIRST:
            return
        post.outbox.mark([letter_id], "failed", now)
        raise
    post.outbox.mark([letter_id], "sent", post.clock())
    post.keep(rest)


def _errands(addressed: Addressed, words: Words, senders: Mapping[str, list[Sender]]) -> list[Errand]:
    text = f"{words.say(addressed.language, FIRST)}\n\n{addressed.letter.text}"
    for sender in senders.get(addressed.channel, ()):
        if errands := sender(addressed.address, text, addressed.letter.id.hex()):
            return list(errands)
    return []


def _by_twilio(public_url: str | None) -> Sender:
    def send(address: str, text: str, letter: str) -> Sequence[Errand]:
        from bot.numbered import parts
        from bot.whatsapp import STATUS_ROUTE
        from bot.whatsapp.writing import LONGEST, messages_later, plain

        if not address.startswith("whatsapp:"):
            return ()
        status_url = f"{public_url}{STATUS_ROUTE}?letter={letter}" if public_url else None
        return messages_later(address, address, parts(plain(text), LONGEST), status_url)

    return send


def _by_cloud(address: str, text: str, letter: str) -> Sequence[Errand]:
    from bot.cloud.writing import messages

    return () if address.startswith("whatsapp:") else messages(address, text, letter)


def _by_telegram(address: str, text: str, _: str) -> Sequence[Errand]:
    from bot.numbered import parts
    from bot.telegram import later
    from bot.telegram.reply import LONGEST_TEXT

    return later.send(int(address), list(parts(text, LONGEST_TEXT)))
