"""The short way of a message answers as Flask would."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

import webhook
from bot.asked import Direct
from bot.receive import Answer, Message
from storage.errors import StoreAway
from tests.bot.scripted import ScriptedReception
from tests.bot.test_access import EVERY_CHANNEL

TOKEN = "t" * 43
HELD = {"Authorization": f"Bearer {TOKEN}"}
SAID = {"id": "m1", "text": "hello"}

DRAWN = re.compile(rb'"token": "[^"]{43}"')
"""A token is drawn anew each time."""

REQUESTS: dict[str, dict[str, Any]] = {
    "a beginning": {"path": "/chat/sessions", "json": {"language": "en"}},
    "a message": {"path": "/chat/messages", "json": SAID, "headers": HELD},
    "a choice in Chinese": {
        "path": "/chat/messages",
        "json": {"id": "m2", "choice": "16_or_above", "language": "zh-HK"},
        "headers": HELD,
    },
    "the question again": {"path": "/chat/messages", "method": "GET", "headers": HELD},
    "its head alone": {"path": "/chat/messages", "method": "HEAD", "headers": HELD},
    "a token of nobody's": {
        "path": "/chat/messages",
        "json": {**SAID, "language": "zh-HK"},
        "headers": {"Authorization": "Bearer " + "n" * 43},
    },
    "no token": {"path": "/chat/messages", "json": SAID},
    "another site": {
        "path": "/chat/messages",
        "json": SAID,
        "headers": {**HELD, "Origin": "https://a.example"},
    },
    "no JSON": {
        "path": "/chat/messages",
        "data": b"{",
        "headers": {**HELD, "Content-Type": "application/json"},
    },
    "another kind": {
        "path": "/chat/messages",
        "data": b"{}",
        "headers": {**HELD, "Content-Type": "text/plain"},
    },
    "no object": {"path": "/chat/messages", "json": [], "headers": HELD},
    "two things said": {"path": "/chat/messages", "json": {**SAID, "choice": "a"}, "headers": HELD},
    "far too much": {"path": "/chat/messages", "json": {**SAID, "text": "a" * 70_000}, "headers": HELD},
    "far too much of unknown length": {
        "path": "/chat/messages",
        "data": b"a" * 70_000,
        "headers": {**HELD, "Content-Type": "application/json", "Transfer-Encoding": "chunked"},
        "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    },
    "a preferred language": {"path": "/chat/messages", "json": SAID, "headers": {"Accept-Language": "zh-HK"}},
    "another method": {"path": "/chat/messages", "method": "PUT", "headers": HELD},
    "another address": {"path": "/chat/messages/", "json": SAID, "headers": HELD},
    "an update that nobody signed": {"path": "/webhooks/telegram", "json": {}},
    "an update that says nothing": {
        "path": "/webhooks/telegram",
        "json": {"update_id": 1},
        "headers": {"X-Telegram-Bot-Api-Secret-Token": EVERY_CHANNEL["telegram_secret"]},
    },
    "a form that nobody signed": {"path": "/webhooks/whatsapp", "data": {"Body": "hello"}},
    "a challenge": {
        "path": "/webhooks/whatsapp-cloud",
        "method": "GET",
        "query_string": {
            "hub.mode": "subscribe",
            "hub.challenge": "1158201444",
            "hub.verify_token": EVERY_CHANNEL["cloud_verify_token"],
        },
    },
}


@pytest.fixture(params=[None, StoreAway("away"), ZeroDivisionError()], ids=["well", "away", "a defect"])
def ways(
    request: pytest.FixtureRequest,
    make_app: Callable[..., Flask],
    reception: ScriptedReception,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Flask, Flask]:
    """The program as it is served, and as Flask alone would have it."""
    reception.known[TOKEN] = {}
    reception.failure = request.param
    short = make_app(**EVERY_CHANNEL)
    monkeypatch.setattr(webhook, "ShortWay", lambda app, *_: app.wsgi_app)
    return short, make_app(**EVERY_CHANNEL)


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS)
def test_both_ways_answer_alike(ways: tuple[Flask, Flask], asked: dict[str, Any]) -> None:
    answers = [way.test_client().open(**{"method": "POST"} | asked) for way in ways]
    short, long = ((answer.status, DRAWN.sub(b"", answer.data), dict(answer.headers)) for answer in answers)
    assert short == long


def test_an_answer_that_cannot_be_written_is_a_defect_on_both(
    ways: tuple[Flask, Flask], reception: ScriptedReception
) -> None:
    reception.answer = Answer((Message("q-0", "assistant", "half a \ud83d"),), "age", "en", (2, 15))
    short, long = (way.test_client().post("/chat/messages", json=SAID, headers=HELD) for way in ways)
    assert (short.status_code, short.data) == (long.status_code, long.data)
    assert short.status_code in (500, 503)
    assert dict(short.headers) == dict(long.headers)


def test_messages_of_every_channel_go_the_short_way(make_app: Callable[..., Flask]) -> None:
    app = make_app(**EVERY_CHANNEL)
    direct = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if isinstance(app.view_functions[rule.endpoint], Direct) and "POST" in (rule.methods or ())
    }
    assert direct == {
        "/chat/sessions",
        "/chat/messages",
        "/webhooks/telegram",
        "/webhooks/whatsapp",
        "/webhooks/whatsapp/status",
        "/webhooks/whatsapp-cloud",
    }
    asked: list[str] = []
    app.before_request(lambda: asked.append("Flask"))
    app.test_client().post("/chat/sessions")
    assert asked == []
