"""Meta's Cloud API as a server on this machine: it takes what the product sends, and delivers what people write.

Strict on what it is sent: whatever Meta would refuse is refused, with the error that Meta would give, and remembered
in `complaints`. Its clock stands still unless it is moved.
"""

from __future__ import annotations

import hmac
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.providers.listening import listening

Post = Callable[[bytes, Mapping[str, str]], int]
"""Posts a body with these headers to the webhook, and returns the status of the answer."""
M = TypeVar("M", bound=Mapping[str, Any])

PAIR_SECONDS = 6
WINDOW_SECONDS = 24 * 3600
BATCH = 1000

_BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The headers of a delivery."""
    digest = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}


@dataclass(frozen=True)
class User:
    """Somebody on WhatsApp.

    Attributes:
        number: digits; None where only a username shows.
        user_id: who they are to this business; None for the time before everybody had one.
    """

    number: str | None = "85200000001"
    user_id: str | None = "HK.13491208655302741918"
    name: str = "Somebody's Name"

    @property
    def address(self) -> str:
        return self.user_id or self.number or ""


@dataclass(frozen=True)
class Sent:
    """A message that the product sent."""

    address: str
    content: dict[str, Any]
    at: float
    about: str | None = None

    @property
    def text(self) -> str:
        if self.content["type"] == "text":
            return str(self.content["text"]["body"])
        return str(self.content["interactive"]["body"]["text"])

    @property
    def choices(self) -> dict[str, dict[str, str]]:
        """What can be pressed: from the part of the id that is a choice to what comes back."""
        if self.content["type"] == "text":
            return {}
        action = self.content["interactive"]["action"]
        if "buttons" in action:
            pressed = [button["reply"] for button in action["buttons"]]
        else:
            pressed = [row for section in action["sections"] for row in section["rows"]]
        return {each["id"].rpartition(":")[2]: each for each in pressed}


@dataclass
class FakeGraph:
    """The server, and the phones behind it."""

    access_token: str
    app_secret: str
    phone_number_id: str
    base: str = ""
    now: float = 1_790_000_000.0
    sent: list[Sent] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    media: set[str] = field(default_factory=set)
    deleted: list[str] = field(default_factory=list)
    faults: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    """Answers to give to the next calls, instead of doing what was asked: status, body, headers. Status 0 is a
    connection that is cut; 1 one that is cut after the message went out."""
    _written: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # -------------------------------------------------------------- what people do

    def message(self, user: User, kind: str, at: float | None = None, **content: Any) -> dict[str, Any]:
        """A message of that type as Meta describes it; its content is under the name of the type."""
        message: dict[str, Any] = {
            "id": f"wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQz{next(self._ids):024d}AA==",
            "timestamp": str(int(self.now if at is None else at)),
            "type": kind,
            **({kind: content} if content else {}),
        }
        if user.number:
            message["from"] = user.number
        if user.user_id:
            message["from_user_id"] = user.user_id
        return message

    def text(self, user: User, body: str, at: float | None = None) -> dict[str, Any]:
        return self.message(user, "text", at, body=body)

    def picture(self, user: User, kind: str = "image", **content: Any) -> dict[str, Any]:
        """Something with bytes that Meta holds a copy of."""
        media_id = f"{1003383421387256 + next(self._ids)}"
        self.media.add(media_id)
        return self.message(user, kind, mime_type="image/jpeg", sha256="eA==", id=media_id, **content)

    def press(self, user: User, choice: str) -> dict[str, Any]:
        """A press on a button or a row of the last message that has it."""
        for sent in reversed(self.to(user)):
            if choice in sent.choices:
                kind = "button_reply" if sent.content["interactive"]["type"] == "button" else "list_reply"
                content: dict[str, Any] = {"type": kind, kind: dict(sent.choices[choice])}
                return self.message(user, "interactive", **content)
        raise AssertionError(f"no button {choice} was sent")

    def to(self, user: User) -> list[Sent]:
        """What this person was sent."""
        return [sent for sent in self.sent if sent.address in (user.number, user.user_id)]

    # -------------------------------------------------------------- deliveries

    def change(self, user: User | None, *messages: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """One change of a delivery; what comes from nobody has no contacts."""
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "85230000000", "phone_number_id": self.phone_number_id},
        }
        if user is not None:
            contact: dict[str, Any] = {"profile": {"name": user.name}}
            if user.number:
                contact["wa_id"] = user.number
            if user.user_id:
                contact["user_id"] = user.user_id
            value["contacts"] = [contact]
        if messages:
            value["messages"] = list(messages)
        return {"field": "messages", "value": value | more}

    def failed(self, code: int) -> dict[str, Any]:
        """The news that a message of ours was not delivered."""
        status = {
            "id": f"wamid.status{next(self._ids)}",
            "status": "failed",
            "timestamp": str(int(self.now)),
            "recipient_id": "85200000001",
            "errors": [{"code": code, "title": "canary title", "error_data": {"details": "canary details"}}],
        }
        return self.change(None, statuses=[status])

    def told(self, sent: Sent, status: str, **more: Any) -> dict[str, Any]:
        """The news that a message of ours is so far, with what was sent along with it."""
        news = {"id": "wamid.status", "status": status, "timestamp": str(int(self.now)), **more}
        about = {} if sent.about is None else {"biz_opaque_callback_data": sent.about}
        return self.change(None, statuses=[news | about | {"recipient_id": "85200000001"}])

    def body(self, *changes: Mapping[str, Any]) -> bytes:
        """A delivery of these changes, as Meta writes JSON: everything but ASCII escaped."""
        assert 0 < len(changes) <= BATCH
        entry = {"id": "102290129340398", "changes": list(changes)}
        return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()

    def deliver(self, post: Post, user: User, *messages: Mapping[str, Any]) -> None:
        """Deliver messages of one person in one change, again and again until they are taken."""
        self.deliver_changes(post, self.change(user, *messages))
        self._written[user.address] = self.now

    def deliver_changes(self, post: Post, *changes: Mapping[str, Any], tries: int = 5) -> int:
        """Deliver a batch until it is answered with 200; return how often that took. Meta tries for seven days."""
        body = self.body(*changes)
        for attempt in range(1, tries + 1):
            if post(body, signed(body, self.app_secret)) == 200:
                return attempt
        raise AssertionError(f"not taken after {tries} deliveries")

    # -------------------------------------------------------------- calls of the product

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        """Answer one call: status, JSON, headers."""
        with self._lock:
            cut_after = False
            if self.faults:
                status, written, more = self.faults.pop(0)
                if status != 1:
                    return status, written, more
                cut_after = True
            if headers.get("Authorization") != f"Bearer {self.access_token}":
                return 401, _error(190, "Error validating access token"), {}
            url = urlsplit(target)
            if (method, url.path) == ("POST", f"/v23.0/{self.phone_number_id}/messages"):
                status, written = self._send(headers, body)
            elif method == "DELETE" and (found := re.fullmatch(r"/v23\.0/([0-9]+)", url.path)):
                status, written = self._delete(found[1], parse_qs(url.query))
            else:
                status, written = self._refuse(f"{method} is not for us", 100)
            return (0 if cut_after else status), written, {}

    def _send(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if headers.get("Content-Type", headers.get("content-type")) != "application/json":
            return self._refuse("content type", 100)
        try:
            message = json.loads(body)
            address = check_message(message)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return self._refuse(f"{type(error).__name__}: {error}", 100)
        earlier = [sent.at for sent in self.sent if sent.address == address]
        if earlier and self.now - earlier[-1] < PAIR_SECONDS:
            return 400, _error(131056, "(Business Account, Consumer Account) pair rate limit hit")
        if self.now - self._written.get(address, self.now) > WINDOW_SECONDS:
            return 400, _error(131047, "Re-engagement message")
        content = {key: message[key] for key in ("type", message["type"])}
        self.sent.append(Sent(address, content, self.now, message.get("biz_opaque_callback_data")))
        return 200, {
            "messaging_product": "whatsapp",
            "contacts": [{"input": address, "user_id": address}],
            "messages": [{"id": f"wamid.sent{next(self._ids)}"}],
        }

    def _delete(self, media_id: str, query: Mapping[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if query != {"phone_number_id": [self.phone_number_id]}:
            return self._refuse("query", 100)
        if media_id not in self.media:
            text = f"Unsupported delete request. Object with ID '{media_id}' does not exist"
            return 400, _error(100, text, error_subcode=33)
        self.media.remove(media_id)
        self.deleted.append(media_id)
        return 200, {"success": True}

    def _refuse(self, complaint: str, code: int) -> tuple[int, dict[str, Any]]:
        self.complaints.append(complaint)
        return 400, _error(code, "Invalid parameter")


@contextmanager
def serving(graph: FakeGraph) -> Iterator[FakeGraph]:
    """Let the fake listen on this machine; its address is then `base`."""

    with listening(graph.answer) as graph.base:
        yield graph


# ------------------------------------------------------------------ what Meta takes


def _error(code: int, message: str, **more: Any) -> dict[str, Any]:
    details = {"messaging_product": "whatsapp", "details": message}
    error = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "error_data": details}
    return {"error": {**error, **more, "fbtrace_id": "AbCdEfGh"}}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _within(value: Any, most: int) -> str:
    if not isinstance(value, str) or not value.strip() or _units(value) > most:
        raise ValueError(f"a text of 1 to {most}")
    return value


def _exactly(value: M, *names: str) -> M:
    if set(value) != set(names):
        raise ValueError(f"exactly {names}")
    return value


def check_message(message: dict[str, Any]) -> str:
    """Return to whom a message goes that Meta would take; anything else raises."""
    kind = message["type"]
    (whom,) = {"to", "recipient"} & set(message)
    tracked = {"biz_opaque_callback_data"} & set(message)
    _exactly(message, "messaging_product", "recipient_type", whom, "type", kind, *tracked)
    if tracked and not 0 < len(message["biz_opaque_callback_data"]) <= 512:
        raise ValueError("tracking")
    if (message["messaging_product"], message["recipient_type"]) != ("whatsapp", "individual"):
        raise ValueError("product")
    address: str = message[whom]
    if not (re.fullmatch(r"[0-9]{7,15}", address) if whom == "to" else _BSUID.fullmatch(address)):
        raise ValueError("address")
    if kind == "text":
        _exactly(message["text"], "preview_url", "body")
        _within(message["text"]["body"], 4096)
    elif kind == "interactive":
        _check_interactive(message["interactive"])
    else:
        raise ValueError("type")
    return address


def _check_interactive(interactive: dict[str, Any]) -> None:
    _exactly(interactive, "type", "body", "action")
    _within(_exactly(interactive["body"], "text")["text"], 1024)
    action = interactive["action"]
    if interactive["type"] == "button":
        buttons = _exactly(action, "buttons")["buttons"]
        replies = [_exactly(button, "type", "reply")["reply"] for button in buttons]
        if not 1 <= len(replies) <= 3 or len({reply["title"] for reply in replies}) < len(replies):
            raise ValueError("buttons")
        for reply in replies:
            _within(_exactly(reply, "id", "title")["title"], 20)
            _within(reply["id"], 256)
    elif interactive["type"] == "list":
        _within(_exactly(action, "button", "sections")["button"], 20)
        rows = [row for section in action["sections"] for row in _exactly(section, "rows")["rows"]]
        if not 1 <= len(rows) <= 10 or len(action["sections"]) != 1:
            raise ValueError("rows")
        for row in rows:
            if not {"id", "title"} <= set(row) <= {"id", "title", "description"}:
                raise ValueError("row")
            _within(row["title"], 24)
            _within(row["id"], 200)
            if "description" in row:
                _within(row["description"], 72)
        replies = rows
    else:
        raise ValueError("interactive type")
    if len({reply["id"] for reply in replies}) < len(replies):
        raise ValueError("ids")
