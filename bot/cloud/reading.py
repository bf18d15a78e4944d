"""What Meta posted, read into what was heard. Anything may be missing, or of another type than it should be.

Names, profiles, coordinates and contact cards are dropped here. Source of the shapes: Meta, "Webhooks reference:
messages", "Business-scoped user IDs".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bot.moments import moment
from bot.pressing import pressed
from flows.vocabulary import Heard, HeardKind

CHANNEL = "whatsapp"

ABOUT = "biz_opaque_callback_data"
"""Words of ours that go with a message, and come back with all news of it. Source: Meta, "Messages", "Status messages
webhook reference"."""

_ADDRESS = re.compile(r"[A-Za-z0-9._-]{1,140}")
"""A number is its digits; a user without a visible one has an id such as `HK.1234`, at most 131 characters long."""
_ID = re.compile(r"[!-~]{1,512}")
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

_KINDS: dict[str, HeardKind] = {
    "text": "text",
    "image": "picture",
    "video": "picture",
    "audio": "voice",
    "document": "file",
    "sticker": "file",
    "location": "location",
    "contacts": "contact",
    "button": "text",
    "interactive": "text",
    "edit": "edit",
    "revoke": "revoke",
}
"""What each type of message is to us; any other is a file, which is what has no kind of its own."""


@dataclass(frozen=True)
class Came:
    """A message came.

    Attributes:
        at: seconds since 1970, as Meta has them; 0 where it does not say.
        media: Meta's ids of the copies it holds, to be deleted and never fetched.
    """

    at: int
    heard: Heard
    media: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Gone:
    """Whoever had this address has it no longer."""

    at: int
    address: str = field(repr=False)


@dataclass(frozen=True)
class Batch:
    """One delivery.

    Attributes:
        events: in the order in which they happened.
        undelivered: messages of ours that failed, by Meta's error code.
        news: how far those came that had words of ours with them: those words, and Meta's name for how far.
        unread: how many messages had no id or no address that could be used.
    """

    events: tuple[Came | Gone, ...]
    undelivered: Counter[int]
    unread: int
    news: tuple[tuple[str, str], ...] = ()


def read(body: object, phone_number_id: str) -> Batch:
    """Read what was posted; what is not for this number is left out. Never raises."""
    values = list(_values(body, phone_number_id))
    found = [
        event
        for field_name, value in values
        for event in (_moves(value) if field_name == "user_id_update" else _messages(value))
    ]
    events = [event for event in found if event is not None]
    # Sorting is stable: within a second, the order in which Meta sent them.
    events.sort(key=lambda event: event.at)
    failed = Counter(code for _, value in values for code in _failures(value))
    news = tuple(each for _, value in values for each in _news(value))
    return Batch(tuple(events), failed, len(found) - len(events), news)


def _values(body: object, phone_number_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in _list(body, "entry"):
        for change in _list(entry, "changes"):
            value = _dict(change, "value")
            if _str(_dict(value, "metadata"), "phone_number_id") == phone_number_id:
                yield _str(change, "field"), value


def _messages(value: dict[str, Any]) -> Iterator[Came | Gone | None]:
    """Give what happened, and None for each message that cannot be used."""
    for message in _list(value, "messages"):
        kind = _str(message, "type")
        if kind == "reaction" or _str(message, "group_id"):
            continue
        if kind == "system":
            yield from _numbers_changed(message)
            continue
        address, id_ = _address(message, value), _str(message, "id")
        if not _ADDRESS.fullmatch(address) or not _ID.fullmatch(id_):
            yield None
            continue
        yield Came(_time(message), _heard(message, kind, address, id_), tuple(_media(message, kind)))


def _address(message: dict[str, Any], value: dict[str, Any]) -> str:
    """Return the id that Meta gives a person towards us, which everybody has, or else the number."""
    number = _str(message, "from")
    if user_id := _str(message, "from_user_id"):
        return user_id
    for contact in _list(value, "contacts"):
        if _str(contact, "wa_id") == number and (user_id := _str(contact, "user_id")):
            return user_id
    return number


def _heard(message: dict[str, Any], kind: str, address: str, id_: str) -> Heard:
    content, choice = _dict(message, kind), ""
    text = _text(message, kind)
    match kind:
        case "button":
            choice = _str(content, "payload")
        case "interactive":
            reply = _dict(content, "button_reply") or _dict(content, "list_reply")
            choice, text = _str(reply, "id"), _str(reply, "title")
    heard_kind = _KINDS.get(kind, "file")
    if kind == "unsupported" and _str(_dict(message, "unsupported"), "type") == "edit":
        heard_kind = "edit"
    heard = Heard(CHANNEL, address, id_, heard_kind, can_be_reached=True, sent_at=moment(_time(message)))
    if button := pressed(choice):
        step, choice = button
        return replace(heard, choice=choice, asked_at=step)
    return replace(heard, text=text)


def _text(message: dict[str, Any], kind: str) -> str:
    """Return what was written, or what was written below a picture."""
    content = _dict(message, kind)
    match kind:
        case "text":
            return _str(content, "body")
        case "button":
            return _str(content, "text")
        case "image" | "video" | "document":
            return _str(content, "caption")
        case "edit":
            new = _dict(content, "message")
            inner = _str(new, "type")
            return "" if inner == "edit" else _text(new, inner)
    return ""


def _media(message: dict[str, Any], kind: str) -> Iterator[str]:
    if kind == "edit":
        message = _dict(_dict(message, kind), "message")
        kind = _str(message, "type")
    if kind in ("image", "video", "audio", "document", "sticker"):
        id_ = _str(_dict(message, kind), "id")
        if _MEDIA_ID.fullmatch(id_):
            yield id_


def _numbers_changed(message: dict[str, Any]) -> Iterator[Gone]:
    """Read who has another number now. Who it became is not looked at, and the sentence about it neither."""
    new = _str(_dict(message, "system"), "user_id")
    for address in (_str(message, "from"), _str(message, "from_user_id")):
        if _ADDRESS.fullmatch(address) and address != new:
            yield Gone(_time(message), address)


def _moves(value: dict[str, Any]) -> Iterator[Gone]:
    for update in _list(value, "user_id_update"):
        before = _str(_dict(update, "user_id"), "previous")
        if _ADDRESS.fullmatch(before):
            yield Gone(_time(update), before)


def _failures(value: dict[str, Any]) -> Iterator[int]:
    for status in _list(value, "statuses"):
        if _str(status, "status") == "failed":
            codes = [error.get("code") for error in _list(status, "errors")]
            yield from [code for code in codes if type(code) is int] or [0]


def _news(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for status in _list(value, "statuses"):
        if about := _str(status, ABOUT):
            yield about, _str(status, "status")


def _time(message: dict[str, Any]) -> int:
    found = re.fullmatch(r"[0-9]{1,12}", _str(message, "timestamp"))
    return int(found[0]) if found else 0


# ------------------------------------------------------------------ one part of what was posted, if it is there


def _list(holder: object, name: str) -> list[dict[str, Any]]:
    values = holder.get(name) if isinstance(holder, dict) else None
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _dict(holder: object, name: str) -> dict[str, Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def _str(holder: object, name: str) -> str:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""
