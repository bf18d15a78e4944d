"""The only way out: calls to the providers' hosts, and to no other.

Whatever a person sends, no address in it is ever called. Used by the worker and the command line; a web
process calls nobody.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

HOSTS = frozenset({"api.twilio.com", "content.twilio.com", "api.telegram.org", "graph.facebook.com"})
"""The providers themselves. They are spoken to over TLS alone."""

LIMIT_SECONDS = 10.0
"""For connecting, for sending, and for waiting for an answer (the limits in `SECURITY.md`)."""


class Refused(Exception):
    """A call to a host that is not on the list. Holds no address: it may be somebody's link."""

    def __init__(self) -> None:
        super().__init__("a call to a host that is not on the list of providers")


def allowed(*api_bases: str | None) -> frozenset[str]:
    """Return the providers' hosts and those of the `TADA_…_API_BASE` settings that are given."""
    return HOSTS | {host for base in api_bases if base and (host := urlsplit(base).hostname)}


def check(url: str, allowed_hosts: Collection[str]) -> None:
    """Let a call to this address pass, or not.

    Args:
        url: where the call goes.
        allowed_hosts: as `allowed` returns them.
    Raises:
        Refused: the host is not among them, or a provider would be called without TLS.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise Refused from None
    own = host not in HOSTS  # one that the operator has set: perhaps a server on this very machine
    if host not in allowed_hosts or parts.scheme not in (("https", "http") if own else ("https",)):
        raise Refused


def client(allowed_hosts: Collection[str]) -> httpx.Client:
    """Return a client that calls these hosts alone: it follows no redirect and takes no proxy from the environment.

    Args:
        allowed_hosts: as `allowed` returns them.
    """
    import httpx

    def look(request: httpx.Request) -> None:
        check(str(request.url), allowed_hosts)

    return httpx.Client(
        verify=trusted(),
        timeout=LIMIT_SECONDS,
        follow_redirects=False,
        trust_env=False,
        event_hooks={"request": [look]},
    )


@cache
def trusted() -> ssl.SSLContext:
    """Return what the certificates of providers are checked with; to read it costs more than a call."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)
