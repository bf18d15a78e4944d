"""What Telegram posts, read from raw JSON into what happened.

Only the few keys that are needed are looked at, and nothing raises: new fields, new kinds and missing ones are
normal. Names, user names, languages and coordinates are not even read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from bot.moments import moment
from bot.pressing import pressed
from flows.vocabulary import Heard, HeardKind

CHANNEL = "telegram"

COMMANDS = ("help", "back", "skip", "why", "language", "human", "stop", "erase", "restart")
"""Commands of the bot's menu. Each is also a word that the conversation understands."""

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""The updates to ask Telegram for. Left out of a call it keeps the earlier choice, so it is always given."""

KINDS: dict[str, HeardKind] = {
    "photo": "picture",
    "video": "picture",
    "animation": "picture",
    "live_photo": "picture",
    "paid_media": "picture",
    "voice": "voice",
    "audio": "voice",
    "video_note": "voice",
    "location": "location",
    "venue": "location",
    "contact": "contact",
}
"""Fields that hold something that is not text. Whatever is neither here nor a notice is a file."""

NOTICES = frozenset(
    {
        "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed",
        "chat_owner_left", "chat_shared", "checklist_tasks_added", "checklist_tasks_done",
        "connected_website", "delete_chat_photo", "direct_message_price_changed", "forum_topic_closed",
        "forum_topic_created", "forum_topic_edited", "forum_topic_reopened", "general_forum_topic_hidden",
        "general_forum_topic_unhidden", "gift", "gift_upgrade_sent", "giveaway_completed",
        "giveaway_created", "group_chat_created", "left_chat_member", "managed_bot_created",
        "message_auto_delete_timer_changed", "migrate_from_chat_id", "migrate_to_chat_id",
        "new_chat_members", "new_chat_photo", "new_chat_title", "paid_message_price_changed",
        "passport_data", "pinned_message", "poll_option_added", "poll_option_deleted",
        "proximity_alert_triggered", "refunded_payment", "successful_payment",
        "suggested_post_approval_failed", "suggested_post_approved", "suggested_post_declined",
        "suggested_post_paid", "suggested_post_refunded", "supergroup_chat_created", "unique_gift",
        "users_shared", "video_chat_ended", "video_chat_participants_invited", "video_chat_scheduled",
        "video_chat_started", "web_app_data", "write_access_allowed",
    }
)  # fmt: skip
"""Service messages, which nobody wrote: https://core.telegram.org/bots/api#message"""

_LARGEST_ID = 2**52
"""Source: https://core.telegram.org/bots/api#chat"""
_COMMAND = re.compile(r"/([a-z]{1,32})(?:@\w+)?(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Said:
    """Somebody wrote, pressed or sent something in a private chat.

    Attributes:
        message: the id of the message in the chat, where it is known.
        refused: it is nothing that can be read, and is to be removed from the chat.
        album: what the pictures of one album have in common.
        press: what the press of a button is answered by, so that the button stops waiting.
    """

    heard: Heard = field(repr=False)
    chat: int = field(repr=False)
    message: int | None = field(default=None, repr=False)
    refused: bool = False
    album: str | None = field(default=None, repr=False)
    press: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Blocked:
    """The person blocked the bot, or deleted the chat with it."""

    heard: Heard = field(repr=False)


@dataclass(frozen=True)
class Group:
    """Something happened in a group, where nobody may talk to us."""

    chat: int = field(repr=False)


@dataclass(frozen=True)
class StrayPress:
    """A button was pressed that we never sent."""

    press: str = field(repr=False)


Event = Said | Blocked | Group | StrayPress


def read(update: object) -> Event | None:
    """Read an update; None where nothing is to be done about it."""
    update = _mapping(update)
    delivery = update.get("update_id")
    if not isinstance(delivery, int):
        return None
    heard = Heard(CHANNEL, "", str(delivery), can_be_reached=True)
    if "message" in update:
        return _message(_mapping(update["message"]), heard)
    if "edited_message" in update:
        return _edit(_mapping(update["edited_message"]), heard)
    if "callback_query" in update:
        return _press(_mapping(update["callback_query"]), heard)
    if "my_chat_member" in update:
        return _membership(_mapping(update["my_chat_member"]), heard)
    return None


def _message(message: Mapping[str, Any], heard: Heard) -> Event | None:
    chat = _chat(message)
    if not isinstance(chat, int) or _is_bot(message):
        return chat if isinstance(chat, Group) else None
    heard = replace(heard, address=str(chat), sent_at=moment(message.get("date")))
    said = Said(heard, chat, _id(message.get("message_id")))
    text = message.get("text")
    if isinstance(text, str):
        return replace(said, heard=_written(said.heard, text))
    kind = next((KINDS[name] for name in KINDS if name in message), None)
    if kind is None and not NOTICES.isdisjoint(message):
        return None
    caption, album = message.get("caption"), message.get("media_group_id")
    return replace(
        said,
        heard=replace(said.heard, kind=kind or "file", text=caption if isinstance(caption, str) else ""),
        refused=True,
        album=str(album)[:64] if isinstance(album, str | int) else None,
    )


def _written(heard: Heard, text: str) -> Heard:
    """Read a command as the word it stands for. What a link carried into /start was chosen by who made the link."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        return replace(heard, text=text)
    command, rest = found[1].lower(), found[2] or ""
    if command == "start":
        return replace(heard, kind="start")
    return replace(heard, text=f"{command} {rest}".strip() if command in COMMANDS else text)


def _edit(message: Mapping[str, Any], heard: Heard) -> Event | None:
    chat, text = _chat(message), message.get("text")
    if not isinstance(chat, int) or _is_bot(message) or not isinstance(text, str):
        return chat if isinstance(chat, Group) else None
    at = moment(message.get("edit_date"))
    edited = replace(heard, address=str(chat), kind="edit", text=text, sent_at=at)
    return Said(edited, chat, _id(message.get("message_id")))


def _press(query: Mapping[str, Any], heard: Heard) -> Event | None:
    press = query.get("id")
    if not isinstance(press, str) or not press or _is_bot(query):
        return None
    message = _mapping(query.get("message"))
    chat = _chat(message)
    if isinstance(chat, Group):
        return chat
    data = query.get("data")
    button = pressed(data) if isinstance(data, str) else None
    if button is None or chat is None:
        return StrayPress(press)
    step, choice = button
    heard = replace(heard, address=str(chat), asked_at=step, choice=choice)
    return Said(heard, chat, _id(message.get("message_id")), press=press)


def _membership(change: Mapping[str, Any], heard: Heard) -> Event | None:
    chat = _chat(change)
    status = _mapping(change.get("new_chat_member")).get("status")
    if isinstance(chat, Group):
        return None if status in ("left", "kicked") else chat
    if chat is None or status != "kicked":
        return None
    return Blocked(replace(heard, address=str(chat), kind="blocked", sent_at=moment(change.get("date"))))


def _chat(holder: Mapping[str, Any]) -> int | Group | None:
    """Return the id of a private chat, a group, or None for channels and what cannot be read."""
    chat = _mapping(holder.get("chat"))
    id_ = _id(chat.get("id"))
    if id_ is None or chat.get("type") == "private":
        return id_
    return Group(id_) if chat.get("type") in ("group", "supergroup") else None


def _is_bot(holder: Mapping[str, Any]) -> bool:
    return _mapping(holder.get("from")).get("is_bot") is True


def _id(value: object) -> int | None:
    return value if type(value) is int and abs(value) < _LARGEST_ID else None


_EMPTY: Mapping[str, Any] = MappingProxyType({})


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _EMPTY
