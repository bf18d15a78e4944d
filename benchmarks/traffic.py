"""What each channel's provider posts while somebody fills in the form, signed as the provider signs it."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass
from urllib.parse import urlencode

# The sixteen messages after the greeting: a whole form, typed and pressed as people do.
FORM: tuple[dict[str, object], ...] = (
    {"choice": "en"},
    {"text": "I'm 24"},
    {"choice": "agree"},
    {"choice": "self"},
    {"text": "yes, in all of them"},
    {"choice": "she"},
    {"text": "Kit"},
    {"choice": "email"},
    {"text": "kit@example.com"},
    {"text": "evenings only, never call"},
    {"text": "my ex"},
    {"choices": ["consensual_taking_shared_without_consent", "threatened"]},
    {"text": "1,3"},
    {"text": "He sent them to a group after we broke up. I only found out last week."},
    {"text": "done"},
    {"text": "here: https://www.example.com/view?v=abc123 and t.me/somewhere/44"},
)

TYPED = {
    "en": "English",
    "agree": "I agree",
    "self": "of me",
    "she": "she",
    "email": "email",
    "consensual_taking_shared_without_consent": "1",
    "threatened": "6",
}
"""What is written where there is nothing to press."""

ACCOUNT, TOKEN = "AC" + "b" * 32, "an-auth-token-of-the-benchmark"
SECRET = "a_secret-of-the-benchmark"
WHATSAPP, TELEGRAM = "/webhooks/whatsapp", "/webhooks/telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

NOBODY = "http://127.0.0.1:9"
"""Where the background work calls: nobody listens there, so that it costs the machine nothing."""

SETTINGS = {
    "TADA_TWILIO_ACCOUNT_SID": ACCOUNT,
    "TADA_TWILIO_AUTH_TOKEN": TOKEN,
    "TADA_TWILIO_NUMBER": "+85200000099",
    "TADA_TWILIO_API_BASE": NOBODY,
    "TADA_TELEGRAM_TOKEN": "4200000000:AAtheBenchmarksToken-not-real_00000",
    "TADA_TELEGRAM_SECRET": SECRET,
    "TADA_TELEGRAM_API_BASE": NOBODY,
}
"""What switches the channels on in the product."""

_numbers = itertools.count(secrets.randbelow(10**6) * 10**6)


@dataclass(frozen=True)
class Post:
    """One request; `headers` as lines."""

    path: str
    headers: str
    body: bytes


class Talk(ABC):
    """One person filling in the form once.

    Args:
        port: of the server, which Twilio signs along.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._number = next(_numbers)

    @abstractmethod
    def greeting(self) -> Post:
        """Come to the chat."""

    @abstractmethod
    def message(self, said: dict[str, object]) -> Post:
        """Say one line of the form."""

    @abstractmethod
    def shows(self, received: bytes, text: str) -> bool:
        """Whether an answer holds a text of ours."""

    def greeted(self, received: bytes) -> None:  # noqa: B027 - most need nothing of it
        """Read what has to be sent along from now on."""


class _Web(Talk):
    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._token = secrets.token_urlsafe(32)

    def greeting(self) -> Post:
        return Post("/chat/sessions", _headers("application/json"), b"{}")

    def greeted(self, received: bytes) -> None:
        self._token = json.loads(received).get("token", "")

    def message(self, said: dict[str, object]) -> Post:
        body = {"id": secrets.token_hex(12), **said}
        headers = _headers("application/json", Authorization=f"Bearer {self._token}")
        return Post("/chat/messages", headers, json.dumps(body).encode())

    def shows(self, received: bytes, text: str) -> bool:
        return any(message["text"] == text for message in json.loads(received).get("messages", ()))


class _WhatsApp(Talk):
    def greeting(self) -> Post:
        return self._form("hi")

    def message(self, said: dict[str, object]) -> Post:
        return self._form(typed(said))

    def shows(self, received: bytes, text: str) -> bool:
        return text.splitlines()[0].encode() in received

    def _form(self, words: str) -> Post:
        sid, number = f"SM{next(_numbers):032x}", f"852{self._number:012}"
        form = {
            "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": ACCOUNT, "Body": words,
            "NumMedia": "0", "NumSegments": "1", "ReferralNumMedia": "0", "MessageType": "text",
            "SmsStatus": "received", "ApiVersion": "2010-04-01", "ProfileName": "Somebody", "WaId": number,
            "From": f"whatsapp:+{number}", "To": "whatsapp:+85200000099",
            "ExternalUserId": f"whatsapp:HK.{number}",
        }  # fmt: skip
        signed = twilio_signature(f"http://127.0.0.1:{self._port}{WHATSAPP}", form)
        headers = _headers("application/x-www-form-urlencoded", **{"X-Twilio-Signature": signed})
        return Post(WHATSAPP, headers, urlencode(form).encode())


class _Telegram(Talk):
    def greeting(self) -> Post:
        return self._update("/start")

    def message(self, said: dict[str, object]) -> Post:
        return self._update(typed(said))

    def shows(self, received: bytes, text: str) -> bool:
        return text.splitlines()[0] in str(json.loads(received).get("text"))

    def _update(self, words: str) -> Post:
        person = {"id": self._number, "first_name": "Somebody", "username": "somebody"}
        message = {
            "message_id": next(_numbers), "date": 1_760_000_000, "text": words,
            "from": {**person, "is_bot": False, "language_code": "zh-hant"},
            "chat": {**person, "type": "private"},
        }  # fmt: skip
        body = json.dumps({"update_id": next(_numbers), "message": message}).encode()
        return Post(TELEGRAM, _headers("application/json", **{SECRET_HEADER: SECRET}), body)


CHANNELS: dict[str, type[Talk]] = {"web": _Web, "whatsapp": _WhatsApp, "telegram": _Telegram}


def typed(said: dict[str, object]) -> str:
    """Return a line of the form as it is typed."""
    if "text" in said:
        return str(said["text"])
    choices = said.get("choices") or [said["choice"]]
    assert isinstance(choices, list)
    return " and ".join(TYPED[str(choice)] for choice in choices)


def twilio_signature(url: str, form: dict[str, str]) -> str:
    """Return what Twilio signs a form with; no name comes twice in ours."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()


def _headers(content_type: str, **more: str) -> str:
    lines = {"Content-Type": content_type, **more}
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items())
