"""Who may call each route. This table is the decision: a route that is not in it answers nobody.

Conversations are known by a token and never by a cookie, so another site cannot speak for a person;
that a page of ours is asking is checked all the same.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.asked import Asked
from bot.problems import Problem


class Caller(Enum):
    """Who may call."""

    ANYONE = "anyone"
    OUR_FORM = "a form on a page of ours"
    OUR_PAGE = "the script of a page of ours, or a program that is no browser"
    HOLDER = "as OUR_PAGE, and holding the token of a conversation"
    PROVIDER = "whoever the channel's own check proves to be its provider, before anything else is read"
    OPERATOR = "this machine itself, or the holder of the metrics token"


ACCESS: dict[tuple[str, str], Caller] = {
    ("GET", "/"): Caller.ANYONE,
    ("POST", "/"): Caller.OUR_FORM,
    ("GET", "/exit"): Caller.ANYONE,
    # Leaving must never be refused; it destroys only what its own token opens.
    ("POST", "/exit"): Caller.ANYONE,
    ("GET", "/static/<path:filename>"): Caller.ANYONE,
    ("GET", "/favicon.ico"): Caller.ANYONE,
    ("POST", "/chat/sessions"): Caller.OUR_PAGE,
    ("DELETE", "/chat/sessions"): Caller.HOLDER,
    ("POST", "/chat/messages"): Caller.HOLDER,
    ("GET", "/chat/messages"): Caller.HOLDER,
    ("GET", "/healthz"): Caller.ANYONE,
    ("GET", "/readyz"): Caller.ANYONE,
    ("GET", "/metrics"): Caller.OPERATOR,
    ("POST", "/webhooks/telegram"): Caller.PROVIDER,
    ("POST", "/webhooks/whatsapp"): Caller.PROVIDER,
    ("POST", "/webhooks/whatsapp/status"): Caller.PROVIDER,
    ("GET", "/webhooks/whatsapp-cloud"): Caller.PROVIDER,
    ("POST", "/webhooks/whatsapp-cloud"): Caller.PROVIDER,
}

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 bits in URL-safe Base64, as `secrets.token_urlsafe(32)` draws them."""


def guard(public_url: str | None, metrics_token: str | None) -> Callable[[Asked], None]:
    """Return what holds a request to the table."""
    own_hosts = frozenset({urlsplit(public_url).netloc} if public_url else ())

    def check(asked: Asked) -> None:
        if asked.url_rule is None:
            return  # 404 or 405 follows
        method = "GET" if asked.method == "HEAD" else asked.method
        match ACCESS.get((method, asked.url_rule.rule)):
            case Caller.ANYONE | Caller.PROVIDER:
                return
            case Caller.OUR_FORM if _is_ours(asked, own_hosts, from_form=True):
                return
            case Caller.OUR_PAGE if _is_ours(asked, own_hosts):
                return
            case Caller.HOLDER if _is_ours(asked, own_hosts):
                asked.token = _token(asked)
                return
            case Caller.OPERATOR if _is_operator(asked, metrics_token):
                return
            case None | Caller.OPERATOR:
                raise Problem("not_found")
        raise Problem("origin")

    return check


def _is_ours(asked: Asked, own_hosts: frozenset[str], from_form: bool = False) -> bool:
    """Whether a page of ours, or no browser, is asking.

    A program that is no browser sends neither header, and needs no protection from other sites.
    Because our pages send no referrer, browsers give the origin of their forms as `null`.
    """
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    if origin is None or (from_form and origin == "null"):
        return True
    return urlsplit(origin).netloc in own_hosts | {asked.host}


def _token(asked: Asked) -> str:
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not TOKEN.fullmatch(token.strip()):
        raise Problem("unauthorised")
    return token.strip()


def _is_operator(asked: Asked, metrics_token: str | None) -> bool:
    if metrics_token:
        offered = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(offered.encode(), metrics_token.encode()):
            return True
    # Behind a proxy everybody comes from this machine; a proxy says so in a header.
    if any(name in asked.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")):
        return False
    try:
        return ip_address(asked.remote_addr or "").is_loopback
    except ValueError:
        return False
