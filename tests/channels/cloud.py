"""WhatsApp by the Cloud API as a channel: signed batches, and replies that are kept as errands."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from storage.epochs import Epochs
from storage.errands import letter_context
from storage.schema import later_work
from storage.sealing import unlock
from tests.channels.harness import CANARY, Channel, Delivery, Kind, Person, Shown
from tests.channels.payloads import JSON, changed
from tests.promises.conftest import Service

PATH = "/webhooks/whatsapp-cloud"
SECRET = "an-app-secret-of-nobody"
SENDER = "106500000000001"
_numbers = itertools.count(1)

_FILE = {"id": "1003380000000001", "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI="}
_KINDS: dict[str, tuple[str, Any]] = {
    "picture": ("image", {**_FILE, "mime_type": "image/jpeg", "caption": f"the {CANARY} in the cage"}),
    "voice": ("audio", {**_FILE, "mime_type": "audio/ogg; codecs=opus", "voice": True}),
    "file": ("document", {**_FILE, "mime_type": "application/pdf", "filename": f"{CANARY}.pdf"}),
    "sticker": ("sticker", {**_FILE, "mime_type": "image/webp", "animated": False}),
    "location": (
        "location",
        {"latitude": 22.3, "longitude": 114.1, "name": CANARY, "address": f"1 {CANARY} Road"},
    ),
    "contact": ("contacts", [{"name": {"formatted_name": CANARY}, "phones": [{"phone": "+852 0000 0777"}]}]),
}


def letters(service: Service) -> list[tuple[bytes, int, dict[str, Any]]]:
    """Every letter that is kept: its row, when it is due, and what it says."""
    database = service.database
    with database.reading() as connection:
        rows = connection.execute(select(later_work).where(later_work.c.sealed.is_not(None))).all()
    database.close()
    keys = {epoch.day: epoch.errand for epoch in Epochs(service.keys).living(datetime.now(UTC))}
    return [
        (row.id, row.due_at, json.loads(unlock(keys[row.epoch], row.sealed, *letter_context(row.id))))
        for row in rows
    ]


def text_of(content: dict[str, Any]) -> str:
    """What a message of the Cloud API shows, within what Meta allows."""
    if content["type"] == "text":
        return str(content["text"]["body"])
    interactive = content["interactive"]
    text = str(interactive["body"]["text"])
    assert len(text) <= 1024
    return text


@dataclass
class User(Person):
    """Somebody on WhatsApp, whose messages Meta delivers itself."""

    _read: set[bytes] = field(default_factory=set)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    @property
    def _id(self) -> str:
        return f"HK.{1_349_120_000 + self.number}"

    def begin(self) -> Shown:
        return self.deliver(self.text("hi"))

    def text(self, words: str) -> Delivery:
        return self._message("text", {"body": words})

    def press(self, step: str, choice: str, label: str) -> Delivery:
        reply = {"id": f"v1:{step}:{choice}", "title": label}
        return self._message("interactive", {"type": "button_reply", "button_reply": reply})

    def kind(self, kind: Kind) -> Delivery:
        return self._message(*_KINDS[kind])

    def edit(self, earlier: Delivery, words: str) -> Delivery:
        first = json.loads(earlier.body)["entry"][0]["changes"][0]["value"]["messages"][0]
        new = {"type": "text", "text": {"body": words}}
        return self._message("edit", {"original_message_id": first["id"], "message": new})

    def unknown(self) -> Iterator[Delivery]:
        yield self._message("hologram", {"id": "x"})
        yield self._message("unsupported", {"type": "poll_creation"}, errors=[{"code": 131051, "title": "x"}])
        yield self._message("order", {"catalog_id": "1", "product_items": []})
        yield self._message("reaction", {"message_id": "wamid.x", "emoji": "👍"})
        yield self._message("reaction", {"message_id": "wamid.x"})
        yield self._message("text", {"body": "hi"}, group_id="Y2FwaV9ncm91cDox")
        yield self._change(
            {"groups": [{"type": "group_create", "subject": CANARY}]}, "group_lifecycle_update"
        )
        yield self._change({"statuses": [{"id": "wamid.x", "status": "read", "timestamp": "1"}]})
        failed = {
            "status": "failed",
            "errors": [{"code": 131047, "title": "x"}],
            "recipient_id": "85200000000",
        }
        yield self._change({"statuses": [failed]})
        yield self._change({})
        yield self.proved(b'{"object": "page", "entry": [{"messaging": []}]}')

    def proved(self, body: bytes) -> Delivery:
        return Delivery(body, PATH, JSON, {"X-Hub-Signature-256": signature(body)})

    def forged(self, delivery: Delivery) -> Iterator[tuple[str, Delivery]]:
        body, genuine = delivery.body, signature(delivery.body)
        for name, headers in {
            "no signature": {},
            "an empty one": {"X-Hub-Signature-256": ""},
            "of another secret": {"X-Hub-Signature-256": signature(body, "another")},
            "without its kind": {"X-Hub-Signature-256": genuine.removeprefix("sha256=")},
            "of an older kind": {"X-Hub-Signature": genuine.replace("sha256", "sha1")},
            "not of this alphabet": {"X-Hub-Signature-256": "é" * 64},
        }.items():
            yield name, delivery.but(headers=headers)
        for each in changed(genuine.encode()):
            yield "a byte of the signature", delivery.but(headers={"X-Hub-Signature-256": each.decode()})
        for each in changed(body):
            yield "a byte of the body", delivery.but(body=each)
        yield "a blank more", delivery.but(body=body + b" ")

    def astray(self) -> Iterator[Delivery]:
        other = json.loads(self.text("hi").body)
        other["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "106500000000002"
        yield self.proved(json.dumps(other).encode())

    def deliver(self, delivery: Delivery) -> Shown:
        answer = self.posted(delivery)
        if answer.status_code != 200:
            return Shown(answer.status_code)
        assert answer.data == b""
        with self._reading:
            mine = [each for each in letters(self.service) if each[2].get("address") == self._id]
            new = [each for each in mine if each[0] not in self._read]
            self._read.update(row for row, _, _ in new)
        in_order = sorted(new, key=lambda each: each[1])
        return Shown(200, tuple(text_of(letter["content"]) for _, _, letter in in_order))

    def _message(self, kind: str, content: Any, **more: Any) -> Delivery:
        message = {
            "from": f"85200{self.number:06}",
            "from_user_id": self._id,
            "id": f"wamid.HBgL{next(_numbers):020}==",
            "timestamp": "1760000000",
            "type": kind,
            kind: content,
            **more,
        }
        profile = {"name": f"{CANARY} Chan", "username": f"{CANARY}_hk"}
        contact = {"profile": profile, "wa_id": message["from"], "user_id": self._id}
        return self._change({"contacts": [contact], "messages": [message]})

    def _change(self, value: dict[str, Any], kind: str = "messages") -> Delivery:
        metadata = {"display_phone_number": "85200000099", "phone_number_id": SENDER}
        whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        entry = {"id": "102290000000001", "changes": [{"value": whole, "field": kind}]}
        return self.proved(json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode())


def signature(body: bytes, secret: str = SECRET) -> str:
    """What Meta signs a body with."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


CLOUD = Channel(
    name="cloud",
    join=User,
    settings={
        "TADA_CLOUD_ACCESS_TOKEN": "an-access-token-of-nobody",
        "TADA_CLOUD_APP_SECRET": SECRET,
        "TADA_CLOUD_VERIFY_TOKEN": "a-verify-token-of-nobody",
        "TADA_CLOUD_PHONE_NUMBER_ID": SENDER,
    },
    secret="TADA_CLOUD_APP_SECRET",
    rule=PATH,
    later=True,
)
