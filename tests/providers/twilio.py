"""Twilio as a server on this machine: it delivers what people write on WhatsApp, reads TwiML, and keeps messages.

Strict on what it is given: whatever Twilio would refuse is refused, with the error that Twilio would give, and
remembered in `complaints`. Its clock stands still unless it is moved.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.providers.listening import listening

Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, str, bytes]]
"""Posts a body with these headers to an address; returns status, content type and body. Raises `ConnectionError` where
nobody answers, `TimeoutError` where nobody answers in time."""

FORM = "application/x-www-form-urlencoded"
WINDOW_SECONDS = 24 * 3600
TOO_YOUNG_SECONDS = 60
LONGEST_BODY = 1_600
MOST_MESSAGES = 10
LONGEST_TWIML = 65_536


@dataclass(frozen=True)
class User:
    """Somebody on WhatsApp.

    Attributes:
        number: digits; None where only a username shows.
        user_id: who they are to this business; None for an account whose webhooks do not have it.
    """

    number: str | None = "85200000001"
    user_id: str | None = "HK.13491208655302741918"
    name: str = "Somebody's Name"

    @property
    def address(self) -> str:
        """What `From` says."""
        return f"whatsapp:+{self.number}" if self.number else f"whatsapp:{self.user_id}"


@dataclass
class Message:
    """A message as Twilio keeps it."""

    sid: str
    inbound: bool
    user: str
    text: str
    at: float
    media: dict[str, str] = field(default_factory=dict)
    callback: str | None = None
    content: dict[str, Any] | None = None
    status: str = "sent"

    @property
    def choices(self) -> dict[str, tuple[str, str]]:
        """What can be pressed: from the part of the id that is a choice to the id and the label."""
        if self.content is None:
            return {}
        (kind, shown), *_ = self.content.items()
        pressed = shown["actions"] if kind == "twilio/quick-reply" else shown["items"]
        return {
            each["id"].rpartition(":")[2]: (each["id"], each.get("title") or each["item"]) for each in pressed
        }


@dataclass
class FakeTwilio:
    """The server, and the phones behind it.

    Attributes:
        webhook, fallback: the addresses that the operator has set, overrides and all.
        faults: answers to give to the next calls, instead of doing what was asked: status, JSON, headers. Status 0 is
            a connection that is cut; 1 one that is cut after it was done.
    """

    post: Post
    webhook: str
    fallback: str | None = None
    account_sid: str = "AC" + "0" * 31 + "1"
    auth_token: str = "an-auth-token-of-nobody"
    number: str = "+85200000099"
    base: str = ""
    now: float = field(default_factory=lambda: datetime.now(UTC).timestamp())
    messages: dict[str, Message] = field(default_factory=dict)
    contents: dict[str, dict[str, Any]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    faults: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _written: dict[str, float] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # -------------------------------------------------------------- what people do

    def write(self, user: User, text: str, **more: str) -> list[str]:
        """Somebody writes; returns the texts that the answer to it shows them."""
        return self.deliver(self.form(user, text, (), **more))

    def send(self, user: User, *types: str, caption: str = "") -> list[str]:
        """Somebody sends pictures and the like, of these types."""
        return self.deliver(self.form(user, caption, types))

    def press(self, user: User, choice: str) -> list[str]:
        """Somebody presses a button of the last message that has it."""
        for message in reversed(self.to(user)):
            if choice in message.choices:
                payload, label = message.choices[choice]
                (kind,) = message.content or {"": {}}
                names = ("ButtonPayload", "ButtonText") if "quick" in kind else ("ListId", "ListTitle")
                return self.deliver({**self.form(user, label), names[0]: payload, names[1]: label})
        raise AssertionError(f"no button {choice} was sent")

    def form(self, user: User, text: str, types: tuple[str, ...] = (), **more: str) -> dict[str, str]:
        """A message that reaches Twilio, and the form in which Twilio tells us of it."""
        sid = f"{'MM' if types else 'SM'}{next(self._ids):032x}"
        media = {f"ME{next(self._ids):032x}": kind for kind in types}
        with self._lock:
            self.messages[sid] = Message(sid, True, user.address, text, self.now, media, status="received")
            self._written |= dict.fromkeys((user.address, f"whatsapp:{user.user_id}"), self.now)
            self.stopped.discard(user.address)
        form = {
            "SmsMessageSid": sid, "NumMedia": str(len(types)), "ProfileName": user.name, "MessageType": "text",
            "SmsSid": sid, "SmsStatus": "received", "Body": text, "To": f"whatsapp:{self.number}",
            "NumSegments": "1", "ReferralNumMedia": "0", "MessageSid": sid, "AccountSid": self.account_sid,
            "From": user.address, "ApiVersion": "2010-04-01", "SomethingNew": "of no meaning to anybody",
            "ChannelMetadata": json.dumps({"type": "whatsapp", "data": {"context": {"ProfileName": user.name}}}),
        }  # fmt: skip
        if user.user_id:
            form["ExternalUserId"] = f"whatsapp:{user.user_id}"
        if user.number:
            form["WaId"] = user.number
        for place, (medium, kind) in enumerate(media.items()):
            path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}/Media/{medium}"
            form |= {f"MediaContentType{place}": kind, f"MediaUrl{place}": f"https://api.twilio.com{path}"}
        return form | more

    def to(self, user: User) -> list[Message]:
        """What this person was sent."""
        addresses = (user.address, f"whatsapp:{user.user_id}")
        return [each for each in self.messages.values() if not each.inbound and each.user in addresses]

    # -------------------------------------------------------------- deliveries

    def deliver(self, form: Mapping[str, str]) -> list[str]:
        """Tell us of a message as Twilio does: once more where nobody could be reached, then at the fallback."""
        code = ""
        for _ in range(2):
            try:
                return self._answered(self.webhook, form)
            except ConnectionError:
                code = "11200"
            except TimeoutError:
                code = "11205"
                break
            except ValueError as refused:
                code = str(refused)
                break
        if self.fallback is None:
            return []
        try:
            return self._answered(self.fallback, {**form, "ErrorCode": code, "ErrorUrl": _bare(self.webhook)})
        except (ConnectionError, TimeoutError, ValueError):
            return []

    def deliver_together(self, *forms: Mapping[str, str]) -> list[list[str]]:
        """Tell us of several messages at the same time: nothing puts them in an order."""
        with ThreadPoolExecutor(len(forms)) as together:
            return list(together.map(self.deliver, forms))

    def tell_statuses(self, shuffled: random.Random | None = None) -> None:
        """Tell us what became of each message that was not told of yet, in any order."""
        told = [
            (message, status)
            for message in self.messages.values()
            if not message.inbound and message.status == "sent" and message.callback
            for status in ("sent", "delivered")
        ]
        if shuffled:
            shuffled.shuffle(told)
        for message, status in told:
            self.tell_status(message, status)

    def tell_status(self, message: Message, status: str, **more: str) -> int:
        """Tell us that a message now has this status."""
        assert message.callback
        message.status = status
        form = {
            "ChannelPrefix": "whatsapp", "ApiVersion": "2010-04-01", "MessageStatus": status,
            "SmsSid": message.sid, "SmsStatus": status, "To": message.user, "From": f"whatsapp:{self.number}",
            "MessageSid": message.sid, "AccountSid": self.account_sid, **more,
        }  # fmt: skip
        return self._posted(message.callback, form)[0]

    def signed(self, url: str, form: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        """A body and its headers, signed by Twilio's own library."""
        signature = RequestValidator(self.auth_token).compute_signature(_bare(url), MultiDict(form))
        return urlencode(form).encode(), {"Content-Type": FORM, "X-Twilio-Signature": signature}

    def _posted(self, url: str, form: Mapping[str, str]) -> tuple[int, str, bytes]:
        body, headers = self.signed(url, form)
        return self.post(_bare(url), body, headers)

    def _answered(self, url: str, form: Mapping[str, str]) -> list[str]:
        status, content_type, body = self._posted(url, form)
        if status != 200:
            raise ValueError("11200")
        messages = self.read_twiml(content_type, body)
        with self._lock:
            for text, action in messages:
                self._add(form["From"], text, None if action is None else _absolute(url, action))
        return [text for text, _ in messages]

    def read_twiml(self, content_type: str, body: bytes) -> list[tuple[str, str | None]]:
        """Read an answer as strictly as Twilio may: the texts, and where their statuses go.

        Raises: `ValueError` with the number of Twilio's error.
        """
        if not content_type.startswith(("text/xml", "application/xml")):
            raise self._complains("12300")
        if len(body) > LONGEST_TWIML:
            raise self._complains("11750")
        if not body.startswith(b"<"):
            raise self._complains("12100")
        try:
            root = ElementTree.fromstring(body.decode("utf-8"))
        except (ElementTree.ParseError, UnicodeError):
            raise self._complains("12100") from None
        if root.tag != "Response" or any(verb.tag != "Message" for verb in root):
            raise self._complains("14110")
        if len(root) > MOST_MESSAGES:
            self.complaints.append("14109")
        for verb in root:
            if set(verb.attrib) - {"action", "method"} or list(verb):
                raise self._complains("12200")
            if not (verb.text or "").strip():
                raise self._complains("14103")
            if _units(verb.text or "") > LONGEST_BODY:
                raise self._complains("21617")
        return [(verb.text or "", verb.get("action")) for verb in root][:MOST_MESSAGES]

    def _complains(self, code: str) -> ValueError:
        self.complaints.append(code)
        return ValueError(code)

    def _add(self, user: str, text: str, callback: str | None, content: Any = None) -> Message:
        sid = f"SM{next(self._ids):032x}"
        self.messages[sid] = Message(sid, False, user, text, self.now, callback=callback, content=content)
        return self.messages[sid]

    # -------------------------------------------------------------- calls of the product

    @property
    def sending(self) -> str:
        """The path that a message is sent by."""
        return f"/2010-04-01/Accounts/{self.account_sid}/Messages.json"

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Any, Any]:
        """Answer one call: status, JSON, headers."""
        with self._lock:
            url = urlsplit(target)
            self.calls.append((method, url.path))
            cut = False
            if self.faults:
                status, written, more = self.faults.pop(0)
                if status != 1:
                    return status, written, more
                cut = True
            expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
            if headers.get("Authorization", headers.get("authorization")) != f"Basic {expected}":
                return 401, _error(401, 20003, "Authenticate"), {}
            status, written = self._do(method, url.path, dict(parse_qsl(url.query)), headers, body)
            return (0 if cut else status), written, {}

    def _do(
        self, method: str, path: str, query: dict[str, str], headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Any]:
        account = f"/2010-04-01/Accounts/{self.account_sid}"
        match method, path.removeprefix(account).split("/"):
            case "POST", ["", "Messages.json"]:
                return self._create(dict(parse_qsl(body.decode(), keep_blank_values=True)))
            case "GET", ["", "Messages.json"]:
                return 200, self._listed(query)
            case "DELETE", ["", "Messages", name] if name.endswith(".json"):
                return self._delete(name.removesuffix(".json"))
            case "DELETE", ["", "Messages", sid, "Media", name] if name.endswith(".json"):
                return self._delete_media(sid, name.removesuffix(".json"))
            case "GET", ["", "v1", "Content"]:
                found = list(self.contents.values())
                return 200, {"contents": found, "meta": {"key": "contents", "next_page_url": None}}
            case "POST", ["", "v1", "Content"]:
                return self._create_content(json.loads(body))
        self.complaints.append(f"{method} is not for us")
        return 404, _error(404, 20404, "The requested resource was not found")

    def _create(self, asked: dict[str, str]) -> tuple[int, Any]:
        known = {"To", "From", "Body", "ContentSid", "ContentVariables", "StatusCallback"}
        to, text, content = asked.get("To", ""), asked.get("Body"), asked.get("ContentSid")
        if set(asked) - known or asked.get("From") != f"whatsapp:{self.number}":
            return self._refuse(400, 21606, "From")
        if not re.fullmatch(r"whatsapp:(\+[0-9]{7,15}|[A-Z]{2}\.[A-Za-z0-9]{1,128})", to):
            return self._refuse(400, 21211, "To")
        if (text is None) == (content is None):
            return self._refuse(400, 21619, "Body or ContentSid")
        if to in self.stopped:
            return 400, _error(400, 21610, "Attempt to send to unsubscribed recipient")
        shown = None
        if content is not None:
            if content not in self.contents:
                return 404, _error(404, 20404, "content")
            variables = json.loads(asked.get("ContentVariables", "{}"))
            shown = self.contents[content]["types"]
            text = str(variables["1"])
            if _units(text) > 1_024:
                return self._refuse(400, 63013, "body of content")
        if not (text or "").strip() or _units(text or "") > LONGEST_BODY:
            return self._refuse(400, 21617, "Body")
        if self.now - self._written.get(to, self.now) > WINDOW_SECONDS:
            return 400, _error(400, 63016, "outside the allowed window")
        message = self._add(to, text or "", asked.get("StatusCallback"), shown)
        return 201, self._json(message)

    def _listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        since = (
            datetime.fromisoformat(query["DateSent>"].replace("Z", "+00:00"))
            if "DateSent>" in query
            else None
        )
        found = [
            self._json(each)
            # The latest first, also of those of one second.
            for each in sorted(self.messages.values(), key=lambda each: int(each.at))[::-1]
            if query.get("To") in (None, f"whatsapp:{self.number}" if each.inbound else each.user)
            and query.get("From") in (None, each.user if each.inbound else f"whatsapp:{self.number}")
            and (since is None or each.at >= since.timestamp())
        ]
        uri = self.sending
        return {
            "messages": found, "uri": uri, "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None,
            "page": 0, "page_size": 1000, "start": 0, "end": len(found),
        }  # fmt: skip

    def _json(self, message: Message) -> dict[str, Any]:
        at = format_datetime(datetime.fromtimestamp(message.at, UTC))
        ours = f"whatsapp:{self.number}"
        return {
            "sid": message.sid, "account_sid": self.account_sid, "body": message.text, "status": message.status,
            "from": message.user if message.inbound else ours, "to": ours if message.inbound else message.user,
            "direction": "inbound" if message.inbound else "outbound-reply", "num_media": str(len(message.media)),
            "num_segments": "1", "date_created": at, "date_sent": at, "date_updated": at, "error_code": None,
            "error_message": None, "api_version": "2010-04-01", "messaging_service_sid": None, "price": None,
            "price_unit": "USD", "uri": f"/2010-04-01/Accounts/{self.account_sid}/Messages/{message.sid}.json",
            "subresource_uris": {},
        }  # fmt: skip

    def _delete(self, sid: str) -> tuple[int, Any]:
        message = self.messages.get(sid)
        if message is None:
            return 404, _error(404, 20404, "not found")
        if self.now - message.at < TOO_YOUNG_SECONDS:
            return 409, _error(409, 20009, "Cannot delete this message yet")
        del self.messages[sid]
        return 204, None

    def _delete_media(self, sid: str, medium: str) -> tuple[int, Any]:
        message = self.messages.get(sid)
        if message is None or message.media.pop(medium, None) is None:
            return 404, _error(404, 20404, "not found")
        return 204, None

    def _create_content(self, asked: dict[str, Any]) -> tuple[int, Any]:
        types = {kind: shown for kind, shown in asked["types"].items() if shown is not None}
        complaint = _content_problem(types)
        if complaint is not None or not asked.get("friendly_name") or not asked.get("language"):
            return self._refuse(400, 60200, complaint or "name")
        sid = f"HX{next(self._ids):032x}"
        self.contents[sid] = {
            "sid": sid, "account_sid": self.account_sid, "friendly_name": asked["friendly_name"],
            "language": asked["language"], "variables": asked["variables"], "types": types, "links": {},
            "url": f"https://content.twilio.com/v1/Content/{sid}",
            "date_created": "2026-11-22T00:00:00Z", "date_updated": "2026-11-22T00:00:00Z",
        }  # fmt: skip
        return 201, self.contents[sid]

    def _refuse(self, status: int, code: int, complaint: str) -> tuple[int, Any]:
        self.complaints.append(complaint)
        return status, _error(status, code, complaint)


@contextmanager
def serving(twilio: FakeTwilio) -> Iterator[FakeTwilio]:
    """Let the fake listen on this machine; its address is then `base`."""

    with listening(twilio.answer) as twilio.base:
        yield twilio


# ------------------------------------------------------------------ what Twilio takes


def _content_problem(types: dict[str, Any]) -> str | None:
    """Say what is wrong with a template, as far as Twilio's pages tell."""
    for kind, shown in types.items():
        if kind == "twilio/quick-reply":
            pressed = [(each["title"], each["id"], None) for each in shown["actions"]]
            most, longest = 3, 20
        elif kind == "twilio/list-picker":
            pressed = [(each["item"], each["id"], each.get("description")) for each in shown["items"]]
            most, longest = 10, 24
            if not 0 < _units(shown["button"]) <= 20:
                return "button"
        else:
            return "type"
        if not 0 < len(pressed) <= most or _units(shown["body"]) > 1_024:
            return "how many"
        for label, name, description in pressed:
            if not 0 < _units(label) <= longest or len(name) > 200 or _units(description or "") > 72:
                return "label"
    return None if types else "no type"


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _bare(url: str) -> str:
    """An address without the overrides of its connection."""
    return url.partition("#")[0]


def _absolute(url: str, action: str) -> str:
    parts = urlsplit(url)
    return action if "://" in action else f"{parts.scheme}://{parts.netloc}{action}"
