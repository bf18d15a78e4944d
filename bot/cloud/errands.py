"""What the background work does at Meta: sends replies, and deletes its copies of what was sent to us.

A message is sent again where we cannot know whether it went: Meta has no way to say "only once", and a repeat does
less harm than silence.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.cloud.reading import ABOUT
from bot.errands import GiveUp, Letter, Runner, TryAgain
from bot.outbound import allowed, client
from settings import Cloud

if TYPE_CHECKING:
    import httpx

GRAPH = "https://graph.facebook.com"
VERSION = "v23.0"

_OPERATOR = timedelta(hours=1)
"""Somebody has to do something at Meta first."""
_PAIR = timedelta(seconds=6)

_LATER: dict[int, timedelta | None] = {
    0: _OPERATOR,  # the access token
    3: _OPERATOR,  # a right is missing
    10: _OPERATOR,
    190: _OPERATOR,  # the access token has expired
    368: _OPERATOR,  # the account is held back
    131005: _OPERATOR,
    131031: _OPERATOR,
    131042: _OPERATOR,  # payment
    131045: _OPERATOR,  # the number is not registered
    133010: _OPERATOR,
    131056: _PAIR,  # too many messages to one person
    1: None,
    2: None,
    4: None,  # too many calls
    80007: None,
    130429: None,  # too many messages
    131000: None,
    131016: None,
    131057: None,
    133004: None,
}
"""Meta's errors that pass, and after how long; None for the usual, growing time. Whatever else is refused stays
refused: 131026 (cannot be delivered), 131047 (more than 24 hours), 131051 (unknown type), 100 (a defect of ours).
Source: Meta, "Cloud API error codes"."""
_NO_SUCH_OBJECT = (100, 33)
_LONGEST_WAIT_SECONDS = 86_400


def runners(settings: Cloud) -> dict[str, Runner]:
    """Return what runs each kind of errand of this channel."""
    graph = _Graph(settings)
    return {"cloud.send": graph.send, "cloud.delete_media": graph.delete_media}


class _Graph:
    """Meta's API as far as we use it. Safe to share between threads."""

    def __init__(self, settings: Cloud) -> None:
        self._base = f"{settings.api_base or GRAPH}/{VERSION}"
        self._sender = settings.phone_number_id
        self._hosts = allowed(settings.api_base)
        self._headers = {"Authorization": f"Bearer {settings.access_token}"}

    def send(self, _: str, letter: Letter) -> None:
        """Send one message. Raises: `TryAgain`, `GiveUp`."""
        address, content = letter.get("address"), letter.get("content")
        if not isinstance(address, str) or not isinstance(content, dict):
            raise GiveUp("letter")
        # Digits alone are a number; anything else is the id of a user, who may have none.
        to = "to" if address.isdigit() else "recipient"
        body = {"messaging_product": "whatsapp", "recipient_type": "individual", to: address, **content}
        if about := letter.get("about"):
            body[ABOUT] = about
        self._call("POST", f"{self._base}/{self._sender}/messages", json=body)

    def delete_media(self, subject: str, _: Letter) -> None:
        """Delete Meta's copy; one that is gone already is deleted. Raises: `TryAgain`, `GiveUp`."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", subject):
            raise GiveUp("subject")
        url = f"{self._base}/{subject}"
        self._call("DELETE", url, gone_is_done=True, params={"phone_number_id": self._sender})

    @cached_property
    def _client(self) -> httpx.Client:
        return client(self._hosts)

    def _call(self, method: str, url: str, gone_is_done: bool = False, **rest: Any) -> None:
        import httpx

        try:
            answer = self._client.request(method, url, headers=self._headers, **rest)
        except httpx.TransportError:
            # Timeouts too. The error is not chained: it holds the address that was called.
            raise TryAgain("unreachable") from None
        code, subcode = _codes(answer)
        gone = answer.status_code == 404 or (code, subcode) == _NO_SUCH_OBJECT
        if answer.is_success or (gone_is_done and gone):
            return
        raise _outcome(answer.status_code, code, answer.headers.get("Retry-After", ""))


def _outcome(status: int, code: int | None, retry_after: str) -> TryAgain | GiveUp:
    name = f"http_{status}" if code is None else str(code)
    wait = None
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        wait = timedelta(seconds=min(int(retry_after), _LONGEST_WAIT_SECONDS))
    if code in _LATER:
        return TryAgain(name, wait or _LATER[code])
    if status in (401, 403):
        return TryAgain(name, wait or _OPERATOR)
    if 400 <= status < 500 and status not in (408, 429):
        return GiveUp(name)
    return TryAgain(name, wait)


def _codes(answer: httpx.Response) -> tuple[int | None, int | None]:
    """Return Meta's error code and subcode, where it gives any."""
    try:
        error = answer.json()["error"]
        code, subcode = error.get("code"), error.get("error_subcode")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None, None
    return code if type(code) is int else None, subcode if type(subcode) is int else None
