"""Twilio's own client, calling Twilio's hosts alone. Imported by the background work and the command line only."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot import outbound
from settings import Twilio

_LONGEST_WAIT_SECONDS = 86_400


class Refusal(Exception):
    """Twilio answered with an error, or not at all.

    Attributes:
        status: of HTTP; 0 where no answer came.
        code: Twilio's number, or a word for what happened.
        after: how long Twilio asks us to wait.
    """

    def __init__(self, status: int, code: str, after: timedelta | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.after = status, code, after


UNREADABLE = (TwilioException, ValueError, KeyError, TypeError, AttributeError)
"""What the library raises at an answer that is not as it should be."""


def connect(settings: Twilio) -> Client:
    """Return a client of the account. Each of its calls raises `Refusal` where it is refused."""
    hosts = outbound.allowed(settings.api_base)
    calls = _Calls(outbound.client(hosts), hosts, settings.api_base)
    return Client(settings.account_sid, settings.auth_token, http_client=calls)


class _Calls(HttpClient):  # type: ignore[misc]  # the library has no types
    """Makes the library's calls our way: to no other host, following nothing, and telling no log of them."""

    def __init__(self, client: httpx.Client, hosts: Collection[str], api_base: str | None) -> None:
        super().__init__(logging.getLogger(__name__), False, outbound.LIMIT_SECONDS)
        self._client, self._hosts, self._base = client, hosts, api_base

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make one call. Raises: `Refusal`; `bot.outbound.Refused`."""
        outbound.check(uri, self._hosts)
        is_json = (headers or {}).get("Content-Type") == "application/json"
        body: dict[str, Any] = {"json": data} if is_json else {"data": data or None}
        query: dict[str, Any] = {"params": params} if params else {}
        try:
            answer = self._client.request(
                method, self._at_base(uri), headers=headers, auth=auth, **query, **body
            )
        except httpx.RequestError:
            # Timeouts too. Not chained: the error holds the address that was called.
            raise Refusal(0, "unreachable") from None
        if answer.status_code >= 300:
            raise Refusal(answer.status_code, _code_of(answer), _wait_of(answer))
        return Response(answer.status_code, answer.text, answer.headers)

    def _at_base(self, uri: str) -> str:
        if self._base is None:
            return uri
        parts = urlsplit(uri)
        return f"{self._base}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _code_of(answer: httpx.Response) -> str:
    try:
        code = json.loads(answer.text)["code"]
    except (ValueError, LookupError, TypeError):
        code = None
    return str(code) if isinstance(code, int) else f"http_{answer.status_code}"


def _wait_of(answer: httpx.Response) -> timedelta | None:
    seconds = answer.headers.get("Retry-After", "")
    if not re.fullmatch(r"[0-9]{1,9}", seconds):
        return None
    return timedelta(seconds=min(int(seconds), _LONGEST_WAIT_SECONDS))
