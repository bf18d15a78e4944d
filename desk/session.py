"""The cookie of a sign-in: what it is called, how it travels, and what it leads to."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta

from flask import Response, g, request

from desk.office import Office
from storage.browsers import KEPT as BROWSER_KEPT
from storage.errors import SignedOut
from storage.sessions import Session, resume_session

SECRET_BYTES = 32


def cookie_name(office: Office) -> str:
    """The name of the cookie. `__Host-` binds it to this host; without https a browser refuses that."""
    return "__Host-desk" if office.options.secure else "desk"


def present_secret(office: Office) -> bytes | None:
    """Return the secret that the browser sent; None where it sent none."""
    return _bytes_in(cookie_name(office))


def present_session(office: Office, quiet: bool = False) -> Session | None:
    """Return the sign-in of this request; None where there is none, or none any more."""
    secret = present_secret(office)
    if secret is None:
        return None
    try:
        return resume_session(office.database, secret, office.now(), quiet)
    except SignedOut:
        return None


def session() -> Session:
    """The sign-in of this request, on a route that needs one."""
    found: Session = g.session
    return found


def give_cookie(office: Office, response: Response, secret: bytes) -> Response:
    """Have the browser keep a secret until it is closed."""
    _give(office, response, cookie_name(office), secret)
    return response


def browser_mark(office: Office) -> bytes | None:
    """Return the mark of a browser in which somebody signed in before; None of one that has none."""
    return _bytes_in(f"{cookie_name(office)}_browser")


def give_browser_mark(office: Office, response: Response, mark: bytes) -> Response:
    """Have the browser keep its mark, also when it is closed. It opens nothing."""
    _give(office, response, f"{cookie_name(office)}_browser", mark, BROWSER_KEPT)
    return response


def take_cookie(office: Office, response: Response) -> Response:
    """Have the browser forget the secret, and everything else it kept of us."""
    response.delete_cookie(
        cookie_name(office), secure=office.options.secure, httponly=True, samesite="Strict", path="/"
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _bytes_in(cookie: str) -> bytes | None:
    value = request.cookies.get(cookie, "")
    try:
        found = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == SECRET_BYTES else None


def _give(
    office: Office, response: Response, cookie: str, value: bytes, kept: timedelta | None = None
) -> None:
    response.set_cookie(
        cookie,
        base64.urlsafe_b64encode(value).decode().rstrip("="),
        max_age=kept,
        secure=office.options.secure,
        httponly=True,
        samesite="Strict",
        path="/",
    )
