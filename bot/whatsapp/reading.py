"""What Twilio posts, read into what was heard, and what is to be deleted at Twilio because of it.

Names, numbers in other fields, places and everything that Twilio guessed is left where it is.
Source: Twilio, "Twilio's request to your incoming message webhook", and "Track outbound message status".
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from werkzeug.datastructures import MultiDict

from bot.pressing import pressed
from flows.vocabulary import Heard, HeardKind
from storage.errands import Errand

CHANNEL = "whatsapp"
DELETE_MESSAGE, DELETE_MEDIA = "twilio.delete_message", "twilio.delete_media"

SOON = timedelta(seconds=75)
"""Twilio refuses to delete a message that is younger than a minute or so (its error 20009)."""
SETTLED = timedelta(minutes=5)
"""How long a message of ours is left there: long enough for `bot.whatsapp.missed` to have seen it."""
STUCK = timedelta(days=1)
"""A message that was sent, and of which nothing else is heard, is deleted all the same."""

Form = MultiDict[str, str]

_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_MEDIA = re.compile(r"/Messages/((?:SM|MM)[0-9a-fA-F]{32})/Media/(ME[0-9a-fA-F]{32})(?:$|[/?.])")
_MEDIA_FIELD = re.compile(r"Media(?:Url|ContentType)[0-9]{1,3}")
_SOME = re.compile(r"0*[1-9][0-9]{0,3}", re.ASCII)
_ADDRESS = "whatsapp:"

_AFTER = {"sent": STUCK, "delivered": SETTLED, "read": SETTLED, "undelivered": SETTLED, "failed": SETTLED}
"""After which status a message of ours is deleted, and how long after it."""


@dataclass(frozen=True)
class Came:
    """A message somebody sent.

    Attributes:
        heard: it; None where there is nothing in it to answer, such as a reaction or an edit.
        reply_to: where an answer goes that is not in the response.
        copies: the deletion of Twilio's copies.
        opted: the word of the provider's own opt-out that answered before us: `STOP`, `START`, `HELP`.
    """

    heard: Heard | None
    reply_to: str = field(repr=False)
    copies: tuple[Errand, ...] = field(repr=False)
    opted: str | None = None


@dataclass(frozen=True)
class Status:
    """News of a message of ours.

    Attributes:
        address: the person it went to, as their own messages name them; `reply_to` as there.
        status: one of Twilio's, or `other`.
        code: why it failed, in Twilio's number.
    """

    address: str = field(repr=False)
    reply_to: str = field(repr=False)
    status: str
    code: str | None
    copies: tuple[Errand, ...] = field(repr=False)


def address_of(form: Form) -> tuple[str, str] | None:
    """Return how a person is known, and where an answer to them goes; None where this is not WhatsApp.

    Somebody may have no number: nothing is ever read out of an address.
    """
    named = [form.get(name, "") for name in ("ExternalUserId", "From")]
    usable = [address for address in named if address.startswith(_ADDRESS) and address != _ADDRESS]
    return (usable[0], usable[-1]) if usable else None


def read_message(form: Form, address: str, reply_to: str, signature: str) -> Came:
    """Read a message, in the order of what counts most: opt-out, media, place, button, words."""
    sid = message_id(form) or hashlib.sha256(signature.encode(errors="replace")).hexdigest()
    copies = deletions(sid, _media_of(form))
    opted = form.get("OptOutType", "").strip().upper() or None
    if opted is not None:
        heard = _heard(sid, address, kind="stop") if opted == "STOP" else None
        return Came(heard, reply_to, copies, opted if opted in ("STOP", "START") else "HELP")
    return Came(_said(form, sid, address), reply_to, copies)


def read_status(form: Form) -> Status:
    """Read news of a message of ours. They come in any order, and a message may have several."""
    status = form.get("MessageStatus", "").strip().lower()
    code = re.fullmatch(r"[0-9]{4,6}", form.get("ErrorCode", "").strip())
    sid = message_id(form)
    after = _AFTER.get(status)
    copies = (Errand(DELETE_MESSAGE, sid, after=after),) if after and _SID.fullmatch(sid) else ()
    known = status in _AFTER or status in ("accepted", "queued", "sending")
    to = form.get("To", "")
    return Status(
        form.get("ExternalUserId") or to, to, status if known else "other", code[0] if code else None, copies
    )


def message_id(form: Form) -> str:
    """Return Twilio's id of a message: the same each time it is delivered; empty where there is none."""
    return next((form[name] for name in ("MessageSid", "SmsMessageSid", "SmsSid") if form.get(name)), "")


def deletions(sid: str, media: tuple[tuple[str, str], ...] = ()) -> tuple[Errand, ...]:
    """Return the deletion of Twilio's copy of a message: of what hangs on it at once, of itself when Twilio allows.

    Args:
        media: (message, medium), as Twilio numbers them.
    """
    own = (Errand(DELETE_MESSAGE, sid, after=SOON),) if _SID.fullmatch(sid) else ()
    return tuple(Errand(DELETE_MEDIA, f"{message}/{medium}") for message, medium in media) + own


def said_without_form(sid: str, address: str, words: str, media: int, at: datetime) -> Heard | None:
    """Return what was heard in a message as Twilio's list of messages has it, where little is told of it."""
    if not media and not words.strip():
        return None
    return replace(_heard(sid, address, kind="file" if media else "text", text=words), sent_at=at)


def _said(form: Form, sid: str, address: str) -> Heard | None:
    words = form.get("Body", "")
    if _SOME.fullmatch(form.get("NumMedia", "").strip()) or any(map(_MEDIA_FIELD.fullmatch, form)):
        return _heard(sid, address, kind=_kind_of(form), text=words)
    if form.get("Latitude") or form.get("Longitude"):
        # No words of the person's: what comes along is the name of the place.
        return _heard(sid, address, kind="location")
    for name in ("ButtonPayload", "ListId"):
        if button := pressed(form.get(name, "")):
            step, choice = button
            return _heard(sid, address, choice=choice, asked_at=step)
    return _heard(sid, address, text=words) if words.strip() else None


def _heard(
    sid: str,
    address: str,
    kind: HeardKind = "text",
    text: str = "",
    choice: str | None = None,
    asked_at: str | None = None,
) -> Heard:
    return Heard(
        CHANNEL, address, sid, kind=kind, text=text, choice=choice, asked_at=asked_at, can_be_reached=True
    )


def _media_of(form: Form) -> tuple[tuple[str, str], ...]:
    found = (_MEDIA.search(form[name]) for name in form if name.startswith("MediaUrl"))
    return tuple(dict.fromkeys((each[1], each[2]) for each in found if each))


def _kind_of(form: Form) -> HeardKind:
    """Return what to call everything that came: one answer, to the most intimate of it."""
    types = {form[name].strip().lower() for name in form if name.startswith("MediaContentType")}
    kinds = {_kind(each) for each in types}
    order: tuple[HeardKind, ...] = ("picture", "voice", "contact")
    return next((kind for kind in order if kind in kinds), "file")


def _kind(content_type: str) -> HeardKind:
    if content_type.startswith("image/webp"):
        return "file"  # a sticker
    if content_type.startswith(("image/", "video/")):
        return "picture"
    if content_type.startswith("audio/"):
        return "voice"
    return "contact" if "vcard" in content_type else "file"
