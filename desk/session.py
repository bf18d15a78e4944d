"""The cookie of a sign-in: what it is called, how it travels, and what it leads to."""

from __future__ import annotations

import base64
import binascii

from flask import Response, g, request

from desk.office import Office
from storage.errors import SignedOut
from storage.sessions import Session, resume_session

SECRET_BYTES = 32


def cookie_name(office: Office) -> str:
    """The name of the cookie. `__Host-` binds it to this host; without https a browser refuses that."""
    return "__Host-desk" if office.options.secure else "desk"


def present_secret(office: Office) -> bytes | None:
    """Return the secret that the browser sent; None where it sent none."""
    value = request.cookies.get(cookie_name(office), "")
    try:
        secret = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == SECRET_BYTES else None


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
    response.set_cookie(
        cookie_name(office),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        secure=office.options.secure,
        httponly=True,
        samesite="Strict",
        path="/",
    )
    return response


def take_cookie(office: Office, response: Response) -> Response:
    """Have the browser forget the secret, and everything else it kept of us."""
    response.delete_cookie(
        cookie_name(office), secure=office.options.secure, httponly=True, samesite="Strict", path="/"
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
