"""The specifications are read so that they find fault: what passes them is not passed over."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.channels.payloads import FORM, JSON
from tests.contracts.specifications import BotApi, OpenApi

KEYBOARD = {"keyboard": [[{"text": "Yes"}]], "one_time_keyboard": True}


@pytest.mark.parametrize(
    ("method", "parameters", "complaint"),
    [
        ("sendMessage", {"chat_id": 1, "text": "hi", "reply_markup": KEYBOARD}, None),
        ("sendMessage", {"chat_id": 1}, "text is missing"),
        ("sendMessage", {"chat_id": 1, "text": ""}, "it must be 1-4096"),
        ("sendMessage", {"chat_id": 1, "text": "😀" * 2049}, "it must be 1-4096"),
        ("sendMessage", {"chat_id": 1, "text": 5}, "not a String"),
        ("sendMessage", {"chat_id": True, "text": "hi"}, "not a"),
        ("sendMessage", {"chat_id": 1, "text": "hi", "disable_everything": True}, "not known"),
        ("sendMessage", {"chat_id": 1, "text": "hi", "reply_markup": {"keyboard": [{"text": "Yes"}]}}, "not"),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "a" * 201}, "it must be 0-200"),
        ("sendEverything", {}, "there is no method"),
    ],
)
def test_telegram_calls(
    bot_api: BotApi, method: str, parameters: dict[str, Any], complaint: str | None
) -> None:
    found = bot_api.complaints(method, parameters)
    assert bool(found) == bool(complaint)
    assert complaint is None or complaint in " ".join(found)


def button(title: str = "Yes", **more: Any) -> dict[str, Any]:
    return {"type": "reply", "reply": {"id": f"v1:{title}", "title": title, **more}}


def asking(*buttons: dict[str, Any], body: str = "?", **more: Any) -> dict[str, Any]:
    interactive = {"type": "button", "body": {"text": body}, "action": {"buttons": list(buttons)}}
    return {"type": "interactive", "interactive": interactive, **more}


@pytest.mark.parametrize(
    ("content", "right"),
    [
        ({"type": "text", "text": {"body": "hi", "preview_url": False}}, True),
        ({"type": "text", "text": {"body": 5}}, False),
        ({"type": "text"}, False),
        ({"type": "text", "text": {"body": "hi"}, "hologram": {}}, False),
        (asking(button("Yes"), button("No")), True),
        (asking(*(button(f"{n}") for n in range(4))), False),
        (asking(button("a" * 21)), False),
        (asking(button(), body="a" * 1025), False),
    ],
)
def test_calls_of_meta(graph_api: OpenApi, content: dict[str, Any], right: bool) -> None:
    message = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "85200000001",
        **content,
    }
    found = graph_api.complaints(
        "POST", "/v23.0/106500000000001/messages", JSON, json.dumps(message).encode()
    )
    assert found is not None
    assert (found == []) == right
    assert graph_api.complaints("PUT", "/v23.0/1/messages", JSON, b"{}") is None


ACCOUNT, SENT = "AC" + "0" * 32, "SM" + "0" * 32


@pytest.mark.parametrize(
    ("method", "path", "form", "right"),
    [
        ("POST", "Messages.json", {"To": "whatsapp:+85200000001", "From": "x", "Body": "hi"}, True),
        ("POST", "Messages.json", {"To": "x", "From": "x", "Body": "hi", "Hologram": "1"}, False),
        ("POST", "Messages.json", {"To": "x", "ContentSid": "HX1"}, False),
        ("POST", "Messages.json", {"Body": "hi"}, False),
        ("DELETE", f"Messages/{SENT}.json", {}, True),
        ("DELETE", "Messages/SM1.json", {}, False),
        ("GET", "Messages.json?PageSize=50", {}, True),
        ("GET", "Messages.json?PageSize=lots", {}, False),
        ("GET", "Messages.json?Hologram=1", {}, False),
    ],
)
def test_twilio_calls(
    twilio_api: tuple[OpenApi, ...], method: str, path: str, form: dict[str, str], right: bool
) -> None:
    body = urlencode(form).encode()
    found = twilio_api[0].complaints(method, f"/2010-04-01/Accounts/{ACCOUNT}/{path}", FORM, body)
    assert found is not None
    assert (found == []) == right
