"""Every response carries the headers, whatever its route and status."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.headers import HEADERS
from storage.errors import StoreAway
from tests.bot.scripted import ScriptedReception

TOKEN = {"Authorization": "Bearer " + "a" * 43}

CALLS: list[tuple[int, str, str, dict[str, Any]]] = [
    (200, "GET", "/", {}),
    (200, "HEAD", "/", {}),
    (200, "POST", "/", {"data": {"language": "en"}}),
    (200, "POST", "/exit", {}),
    (303, "GET", "/exit", {}),
    (200, "GET", "/static/chat.js", {}),
    (200, "GET", "/static/chat.css", {}),
    (200, "GET", "/static/leave.js", {}),
    (200, "GET", "/static/shared.css", {}),
    (200, "GET", "/static/icon.svg", {}),
    (204, "GET", "/favicon.ico", {}),
    (201, "POST", "/chat/sessions", {}),
    (200, "GET", "/healthz", {}),
    (200, "GET", "/readyz", {}),
    (200, "GET", "/metrics", {}),
    (400, "POST", "/chat/messages", {"data": b"{", "headers": TOKEN | {"Content-Type": "application/json"}}),
    (401, "GET", "/chat/messages", {}),
    (403, "POST", "/chat/sessions", {"headers": {"Sec-Fetch-Site": "cross-site"}}),
    (404, "GET", "/nowhere", {}),
    (404, "GET", "/static/nothing.js", {}),
    (404, "GET", "/static/../webhook.py", {}),
    (405, "PUT", "/", {}),
    (413, "POST", "/", {"data": {"text": "a" * 70_000}}),
    (415, "POST", "/", {"data": b"--x--", "content_type": "multipart/form-data; boundary=x"}),
]


PROMISED = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
"""Word for word, and not read from where they are made: what is left out there is missed here."""
HARMFUL = {"camera", "clipboard-read", "display-capture", "geolocation", "microphone", "browsing-topics"}


def test_the_headers_are_those_of_the_threat_model() -> None:
    assert {name: HEADERS[name] for name in HEADERS if name != "Permissions-Policy"} == PROMISED
    off = HEADERS["Permissions-Policy"].split(", ")
    assert {f"{feature}=()" for feature in HARMFUL} <= set(off)
    assert all(each.endswith("=()") for each in off)


def check(answer: TestResponse) -> None:
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("status", "method", "path", "more"), CALLS)
def test_the_headers_are_there(
    client: FlaskClient, status: int, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = client.open(path, method=method, **more)
    assert answer.status_code == status
    check(answer)


def test_they_are_there_on_bad_days(make_app: Callable[..., Flask], reception: ScriptedReception) -> None:
    client = make_app().test_client()
    for failure, status in [(StoreAway("x"), 503), (RuntimeError("x"), 500)]:
        reception.failure = failure
        answer = client.post("/chat/sessions")
        assert answer.status_code == status
        check(answer)
    assert client.get("/readyz").status_code == 503


def test_pages_hold_no_inline_code(client: FlaskClient) -> None:
    for answer in (client.get("/"), client.post("/", data={"language": "en"}), client.get("/nowhere")):
        page = answer.get_data(as_text=True)
        assert "<style" not in page
        assert " style=" not in page
        assert not re.search(r"<[^>]* on[a-z]+=", page)
        assert page.count("<script") == page.count("<script src=") == 2
