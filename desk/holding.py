"""A form that came too late, kept in the next page until it can be sent again.

It is locked with a key that the browser does not have, and bound to the colleague who wrote it: whoever finds
the sign-in page on an abandoned screen cannot read what stands behind it.
"""

from __future__ import annotations

import base64
import binascii
import json
from contextlib import suppress
from dataclasses import dataclass, field

from flask import request

from desk.office import Office
from storage.errors import BadFormat, CannotOpen, KeysUnusable, TooLong
from storage.sealing import derive, lock, unlock

NEVER_KEPT = frozenset({"csrf", "writer", "held", "password", "again", "code", "passkey"})
LONGEST = 400_000


@dataclass(frozen=True)
class Held:
    """A form, to be sent again."""

    path: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)


def wants_to_be_kept() -> bool:
    """Whether this request carries something that somebody wrote."""
    return request.method == "POST" and any(
        value.strip() for name, value in request.form.items(multi=True) if name not in NEVER_KEPT
    )


def present_form() -> Held:
    """Return the form of this request."""
    fields = ((name, value) for name, value in request.form.items(multi=True) if name not in NEVER_KEPT)
    return Held(request.path, tuple(fields))


def hold(office: Office, staff_id: bytes) -> str:
    """Return the form of this request, locked for its colleague."""
    form = present_form()
    written = json.dumps([form.path, form.fields]).encode()
    try:
        return base64.b64encode(lock(_key(office), written, *_context(staff_id))).decode()
    except TooLong:
        return ""


def opened(office: Office, staff_id: bytes, held: str) -> Held | None:
    """Return a form that was kept for this colleague; None where it is none, or somebody else's."""
    if not held or len(held) > LONGEST:
        return None
    try:
        blob = base64.b64decode(held, validate=True)
        path, fields = json.loads(unlock(_key(office), blob, *_context(staff_id)))
    except (binascii.Error, CannotOpen, BadFormat, ValueError):
        return None
    return Held(path, tuple((name, value) for name, value in fields))


def writer_mark(office: Office, staff_id: bytes) -> str:
    """Return what the forms of a colleague's pages carry, by which they are theirs also when the sign-in is gone.

    It is empty while the keys cannot be read: pages that need none are drawn all the same.
    """
    with suppress(KeysUnusable):
        return base64.b64encode(lock(_key(office), staff_id, *_WRITER, padded=False)).decode()
    return ""


def writer_of(office: Office) -> bytes | None:
    """Return the id of the colleague on whose page this form stood; None where it says none."""
    try:
        blob = base64.b64decode(request.form.get("writer", "")[:200], validate=True)
        return unlock(_key(office), blob, *_WRITER, padded=False)
    except (binascii.Error, CannotOpen, BadFormat, ValueError):
        return None


_WRITER = ("writer of a form", 1)


def _key(office: Office) -> bytes:
    return derive(office.keys.code_salt, "held form", 1)


def _context(staff_id: bytes) -> tuple[str, int, bytes]:
    return ("held form", 1, staff_id)
