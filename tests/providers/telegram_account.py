"""What a bot's account at Telegram holds, and what each method of the Bot API does to it."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PRESS_LIVES = 150.0
DELETABLE = 48 * 3600.0
"""Seconds."""


class Refusal(Exception):
    """A call that fails: the HTTP status, and what Telegram says."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


@dataclass
class Chat:
    """A private chat: messages of both sides by their id, as (side, text, when sent)."""

    id: int
    messages: dict[int, tuple[str, str, float]] = field(default_factory=dict)
    keyboard: list[str] = field(default_factory=list)
    blocked: bool = False

    def said(self) -> list[str]:
        """What the bot said and is still there."""
        return [text for side, text, _ in self.messages.values() if side == "bot"]


@dataclass
class Waiting:
    """An update in its queue."""

    update: dict[str, Any]
    until: float
    due: float
    tries: int = 0


class Account:
    """A bot, its chats and what is set about it. Methods are `api_…`, and take parameters as a form or JSON had them.

    Attributes:
        registered: what the webhook was set with.
        left: the groups that were left.
        texts: what was set in each language, by (what, language).
    """

    def __init__(self) -> None:
        self.now = time.time()
        self.registered: dict[str, Any] = {"url": ""}
        self.last_error: tuple[float, str] | None = None
        self.chats: dict[int, Chat] = {}
        self.queues: dict[tuple[str, int], deque[Waiting]] = {}
        self.presses: dict[str, float] = {}
        self.left: list[int] = []
        self.texts: dict[tuple[str, str], Any] = {}
        self.last_id = 1000

    def waiting(self) -> int:
        """How many updates are not taken yet."""
        return sum(map(len, self.queues.values()))

    def run_method(self, method: str, given: dict[str, Any]) -> Any:
        """Run a method with parameters that were read from JSON or a form."""
        text_of = re.fullmatch(r"(get|set)My(Commands|Name|Description|ShortDescription)", method)
        if text_of:
            return self._profile(text_of[1], text_of[2], given)
        found = getattr(self, "api_" + re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", method), None)
        if found is None:
            raise Refusal(404, "Not Found")
        return found(given)

    def api_get_me(self, given: dict[str, Any]) -> Any:
        bot = {"id": 42, "is_bot": True, "first_name": "Bot", "username": "a_test_bot"}
        return bot | {"can_join_groups": True, "supports_inline_queries": False}

    def api_set_webhook(self, given: dict[str, Any]) -> Any:
        parts = urlsplit(given["url"])
        if parts.scheme != "https" or (parts.port or 443) not in (443, 80, 88, 8443):
            raise Refusal(400, "Bad Request: bad webhook: HTTPS url must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", given.get("secret_token", "")):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        self.registered = given
        if given.get("drop_pending_updates"):
            self.queues.clear()
        return True

    def api_delete_webhook(self, given: dict[str, Any]) -> Any:
        self.registered = {"url": ""}
        if given.get("drop_pending_updates"):
            self.queues.clear()
        return True

    def api_get_webhook_info(self, given: dict[str, Any]) -> Any:
        shown = {name: value for name, value in self.registered.items() if name in ("url", "allowed_updates")}
        info: dict[str, Any] = {
            **shown,
            "has_custom_certificate": False,
            "pending_update_count": self.waiting(),
        }
        if self.last_error:
            info |= {"last_error_date": int(self.last_error[0]), "last_error_message": self.last_error[1]}
        return info

    def api_get_updates(self, given: dict[str, Any]) -> Any:
        if self.registered["url"]:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        for queue in self.queues.values():
            while queue and queue[0].update["update_id"] < given.get("offset", 0):
                queue.popleft()
        held = [each.update for queue in self.queues.values() for each in queue]
        return sorted(held, key=lambda update: update["update_id"])[: given.get("limit", 100)]

    def api_send_message(self, given: dict[str, Any]) -> Any:
        chat, text = self._reachable(given), given.get("text", "")
        if not text.strip():
            raise Refusal(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) > 2 * 4096:
            raise Refusal(400, "Bad Request: message is too long")
        self.last_id += 1
        chat.messages[self.last_id] = ("bot", text, self.now)
        markup = given.get("reply_markup", {})
        if "keyboard" in markup:
            chat.keyboard = [button["text"] for row in markup["keyboard"] for button in row]
        elif markup.get("remove_keyboard"):
            chat.keyboard = []
        return {
            "message_id": self.last_id,
            "date": int(self.now),
            "chat": {"id": chat.id, "type": "private"},
            "text": text,
        }

    def api_delete_message(self, given: dict[str, Any]) -> Any:
        chat = self._reachable(given)
        if given["message_id"] not in chat.messages:
            raise Refusal(400, "Bad Request: message to delete not found")
        self._delete(chat, [given["message_id"]])
        return True

    def api_delete_messages(self, given: dict[str, Any]) -> Any:
        chat, ids = self._reachable(given), given["message_ids"]
        if not 1 <= len(ids) <= 100:
            raise Refusal(400, "Bad Request: message identifiers are not specified")
        self._delete(chat, [id_ for id_ in ids if id_ in chat.messages])
        return True

    def _delete(self, chat: Chat, ids: list[int]) -> None:
        if any(self.now - chat.messages[id_][2] > DELETABLE for id_ in ids):
            raise Refusal(400, "Bad Request: message can't be deleted for everyone")
        for id_ in ids:
            del chat.messages[id_]

    def api_answer_callback_query(self, given: dict[str, Any]) -> Any:
        pressed = self.presses.pop(given["callback_query_id"], None)
        if pressed is None or self.now - pressed > PRESS_LIVES:
            raise Refusal(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        return True

    def api_leave_chat(self, given: dict[str, Any]) -> Any:
        self.left.append(given["chat_id"])
        return True

    def _profile(self, what: str, which: str, given: dict[str, Any]) -> Any:
        name = {"Commands": "commands", "Name": "name", "Description": "description"}.get(
            which, "short_description"
        )
        key = (name, given.get("language_code", ""))
        if what == "get":
            return {name: self.texts.get(key, "")} if name != "commands" else self.texts.get(key, [])
        value = given.get(name, "")
        if name == "commands":
            good = all(
                re.fullmatch(r"[a-z0-9_]{1,32}", each["command"]) and 1 <= len(each["description"]) <= 256
                for each in value
            )
        else:
            good = len(value) <= {"name": 64, "description": 512, "short_description": 120}[name]
        if not good or len(key[1]) not in (0, 2):
            raise Refusal(400, f"Bad Request: bot {name} is not as it must be")
        self.texts[key] = value
        return True

    def _reachable(self, given: dict[str, Any]) -> Chat:
        chat = self.chats.get(int(given["chat_id"]))
        if chat is None:
            raise Refusal(400, "Bad Request: chat not found")
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat
