"""Telegram as a channel: updates with a constant secret, answered with one method call."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.channels.harness import CANARY, Channel, Delivery, Kind, Person, Shown
from tests.channels.payloads import JSON, changed

PATH = "/webhooks/telegram"
TOKEN = "4200000000:AAnobodysTokenAtAll-not-real_00000"
SECRET = "a_secret-of-nobody_at-all"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
_numbers = itertools.count(1)

_FILE = {"file_id": "AgACAgUAAx", "file_unique_id": "AQAD", "file_size": 1101}
_KINDS: dict[str, dict[str, Any]] = {
    "picture": {
        "photo": [{**_FILE, "width": 90, "height": 67}, {**_FILE, "width": 800, "height": 600}],
        "caption": f"the {CANARY} in the cage",
    },
    "voice": {"voice": {**_FILE, "duration": 3, "mime_type": "audio/ogg"}},
    "file": {"document": {**_FILE, "file_name": f"{CANARY}.pdf", "mime_type": "application/pdf"}},
    "sticker": {
        "sticker": {
            **_FILE, "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False,
        }
    },
    "location": {"location": {"latitude": 22.302711, "longitude": 114.177216}},
    "contact": {"contact": {"phone_number": "+85200000777", "first_name": f"{CANARY}"}},
}  # fmt: skip


@dataclass
class Chatter(Person):
    """Somebody in a private chat with the bot."""

    def begin(self) -> Shown:
        return self.deliver(self.text("/start"))

    def text(self, words: str) -> Delivery:
        return self._message(text=words)

    def kind(self, kind: Kind) -> Delivery:
        return self._message(**_KINDS[kind])

    def edit(self, earlier: Delivery, words: str) -> Delivery:
        message = json.loads(earlier.body)["message"] | {"text": words, "edit_date": 1_760_000_100}
        return self._update(edited_message=message)

    def unknown(self) -> Iterator[Delivery]:
        yield self._update(hologram={"id": 1})
        yield self._message(hologram={"file_id": "x"})
        yield self._message()
        yield self._message(dice={"emoji": "🎲", "value": 3})
        yield self._message(poll={"id": "1", "question": "?", "options": []})
        yield self._message(message_auto_delete_timer_changed={"message_auto_delete_time": 86_400})
        yield self._update(channel_post={"message_id": 1, "chat": {"id": -100, "type": "channel"}, "date": 1})
        yield self._update(inline_query={"id": "1", "from": self._user, "query": "x", "offset": ""})
        yield self._update(message=self._body(text="hi") | {"from": self._user | {"is_bot": True}})
        group = {"id": -1001234567890, "type": "supergroup", "title": CANARY}
        yield self._update(message=self._body(text="hi") | {"chat": group})
        press = {"id": "1", "from": self._user, "chat_instance": "1"}
        yield self._update(callback_query=press | {"data": "no button has this"})
        yield self._update(callback_query=press | {"game_short_name": "x"})

    def proved(self, body: bytes) -> Delivery:
        return Delivery(body, PATH, JSON, {HEADER: SECRET})

    def forged(self, delivery: Delivery) -> Iterator[tuple[str, Delivery]]:
        yield "no secret", delivery.but(headers={})
        for secret in ("", SECRET.upper(), SECRET + "x", SECRET[:-1], "é" * len(SECRET)):
            yield "another secret", delivery.but(headers={HEADER: secret})
        for other in changed(SECRET.encode()):
            yield "a byte of the secret", delivery.but(headers={HEADER: other.decode()})

    def deliver(self, delivery: Delivery) -> Shown:
        answer = self.posted(delivery)
        if answer.status_code != 200 or not answer.data:
            return Shown(answer.status_code)
        assert answer.content_type == "application/json"
        called = answer.get_json()
        if not called or called["method"] != "sendMessage":
            return Shown(200)
        assert "parse_mode" not in called
        assert called["link_preview_options"] == {"is_disabled": True}
        return Shown(200, (called["text"],))

    @property
    def _user(self) -> dict[str, Any]:
        return {
            "id": 5_200_000_000 + self.number,
            "is_bot": False,
            "first_name": f"{CANARY} Chan",
            "last_name": f"{CANARY} Tai Man",
            "username": f"{CANARY}_hk",
            "language_code": "zh-hant",
        }

    def _body(self, **content: Any) -> dict[str, Any]:
        number, user = next(_numbers), self._user
        chat = {"type": "private"} | {
            name: user[name] for name in ("id", "first_name", "last_name", "username")
        }
        return {"message_id": number, "from": user, "chat": chat, "date": 1_760_000_000, **content}

    def _message(self, **content: Any) -> Delivery:
        return self._update(message=self._body(**content))

    def _update(self, **update: Any) -> Delivery:
        return self.proved(json.dumps({"update_id": 10_000 + next(_numbers), **update}).encode())


TELEGRAM = Channel(
    name="telegram",
    join=Chatter,
    settings={"TADA_TELEGRAM_TOKEN": TOKEN, "TADA_TELEGRAM_SECRET": SECRET},
    secret="TADA_TELEGRAM_SECRET",
    rule=PATH,
    most=4_000,
    too_large=200,  # anything else would come again for a day, and nothing else of the chat meanwhile
)
