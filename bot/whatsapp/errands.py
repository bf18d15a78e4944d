"""What the background work does at Twilio: sends messages, and deletes Twilio's copies of what was said.

A message is sent again where we cannot know whether it went: a repeat does less harm than silence.
Source of the codes: Twilio, its error pages, such as https://www.twilio.com/docs/api/errors/63016.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from bot.errands import GiveUp, Letter, Runner, TryAgain
from bot.numbered import parts
from bot.whatsapp.reading import DELETE_MEDIA, DELETE_MESSAGE
from bot.whatsapp.writing import LONGEST, SEND, SEND_CONTENT
from settings import Twilio

if TYPE_CHECKING:
    from twilio.rest import Client

    from bot.whatsapp.client import Refusal

UNREACHABLE = frozenset(
    {
        "63016",  # more than 24 hours after the person's last message
        "63003",  # not on WhatsApp
        "63024",
        "63032",  # Meta declined
        "63049",
        "21610",  # the person has sent STOP
        "21211",  # no such address
    }
)
"""Nothing can be sent to this person now, in whatever form."""

_PASSING = frozenset(
    {
        "20009",  # too early to delete
        "20429",  # too many calls
        "63018",
    }
)
_OPERATOR = timedelta(hours=1)
"""Somebody has to do something at Twilio first."""

_MESSAGE = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_MEDIUM = re.compile(r"((?:SM|MM)[0-9a-fA-F]{32})/(ME[0-9a-fA-F]{32})")


def runners(settings: Twilio) -> dict[str, Runner]:
    """Return what runs each kind of errand of this channel. The first one run loads Twilio's client."""
    account = _Account(settings)
    return {
        DELETE_MESSAGE: account.delete_message,
        DELETE_MEDIA: account.delete_media,
        SEND: account.send,
        SEND_CONTENT: account.send_content,
    }


class _Account:
    """Twilio's API as far as we use it. Safe to share between threads."""

    def __init__(self, settings: Twilio) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> Client:
        from bot.whatsapp.client import connect

        return connect(self._settings)

    def delete_message(self, subject: str, _: Letter) -> None:
        """Delete a message, and whatever hangs on it."""
        if not _MESSAGE.fullmatch(subject):
            raise GiveUp("subject")
        self._delete(lambda: self._client.messages(subject).delete())

    def delete_media(self, subject: str, _: Letter) -> None:
        """Delete a picture or recording, unseen."""
        found = _MEDIUM.fullmatch(subject)
        if found is None:
            raise GiveUp("subject")
        self._delete(lambda: self._client.messages(found[1]).media(found[2]).delete())

    def send(self, _: str, letter: Letter) -> None:
        """Send a text, in as many messages as it needs."""
        for part in parts(_text(letter, "text"), LONGEST):
            self._call(partial(self._create, letter, body=part))

    def send_content(self, subject: str, letter: Letter) -> None:
        """Send a text with its buttons, or as numbered text where they are refused."""
        content, variables = _text(letter, "content"), json.dumps({"1": _text(letter, "body")})
        try:
            self._call(partial(self._create, letter, content_sid=content, content_variables=variables))
        except GiveUp as refused:
            if refused.code in UNREACHABLE:
                raise
            self.send(subject, {**letter, "status_url": _without_query(letter)})

    def _create(self, letter: Letter, **content: str) -> Any:
        status_url = letter.get("status_url")
        callback = {"status_callback": status_url} if isinstance(status_url, str) else {}
        sender = f"whatsapp:{self._settings.number}"
        return self._client.messages.create(to=_text(letter, "address"), from_=sender, **callback, **content)

    def _delete(self, call: Callable[[], Any]) -> None:
        try:
            self._call(call)
        except _Gone:
            return
        except GiveUp as refused:
            # What must not stay there is tried for as long as errands are kept.
            raise TryAgain(refused.code, _OPERATOR) from None

    def _call(self, call: Callable[[], Any]) -> None:
        from bot.whatsapp.client import UNREADABLE, Refusal

        try:
            call()
        except Refusal as refusal:
            raise _outcome(refusal) from None
        except UNREADABLE:
            raise TryAgain("unreadable") from None


class _Gone(GiveUp):
    """There is no such thing, or not any more."""


def _outcome(refusal: Refusal) -> TryAgain | GiveUp:
    if refusal.code in UNREACHABLE:
        return GiveUp(refusal.code)
    if refusal.code in _PASSING:
        return TryAgain(refusal.code, refusal.after)
    if refusal.status in (401, 403):
        return TryAgain(refusal.code, refusal.after or _OPERATOR)
    if refusal.status == 404:
        return _Gone(refusal.code)
    if 400 <= refusal.status < 500 and refusal.status not in (408, 429):
        return GiveUp(refusal.code)
    return TryAgain(refusal.code, refusal.after)


def _text(letter: Letter, name: str) -> str:
    value = letter.get(name)
    if not isinstance(value, str) or not value:
        raise GiveUp("letter")
    return value


def _without_query(letter: Letter) -> str | None:
    url = letter.get("status_url")
    return url.partition("?")[0] if isinstance(url, str) else None
