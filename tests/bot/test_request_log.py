"""What is logged of a request: ids, states and numbers, and nothing that anybody sent."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from logs import FIELDS, Lines
from storage.errors import StoreAway
from tests.bot.scripted import ScriptedReception

CANARY = "canary-7f3a"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged, as operators read it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    root, ours = logging.getLogger(), logging.getLogger("bot")
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    ours.setLevel(level)


def read(lines: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_request_is_one_line(client: FlaskClient, lines: io.StringIO) -> None:
    client.post("/chat/sessions")
    (line,) = read(lines)
    assert (line["event"], line["method"], line["route"], line["status"], line["channel"]) == (
        "request", "POST", "/chat/sessions", 201, "web",
    )  # fmt: skip
    assert set(line) <= {"time", "level", "from", "event", "process", *FIELDS}


def test_nothing_that_was_sent_is_logged_or_counted(
    client: FlaskClient, reception: ScriptedReception, lines: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    token = client.post("/chat/sessions").get_json()["token"]
    headers = {"Authorization": f"Bearer {token}", "X-Anything": CANARY, "User-Agent": CANARY}
    body = {"id": CANARY, "text": CANARY, "step": CANARY}
    replies = b""
    for failure in (None, StoreAway(CANARY), RuntimeError(CANARY), ValueError({"text": CANARY})):
        reception.failure = failure
        replies += client.post("/chat/messages", json=body, headers=headers).data
        replies += client.post("/exit", data={"token": token, "text": CANARY}).data
        replies += client.post(
            "/", data={"token": token, "id": CANARY, "choice": CANARY, "language": CANARY}
        ).data
    reception.failure = None
    for path in (f"/{CANARY}", f"/?language={CANARY}", f"/static/{CANARY}", f"/chat/messages?after={CANARY}"):
        replies += client.get(path, headers=headers).data
        client.open(path, method="CANARY7F3A")
    logged = lines.getvalue()
    figures = client.get("/metrics").get_data(as_text=True)
    out = "".join(capfd.readouterr())
    for written in (logged, figures, out):
        assert CANARY not in written.lower()
        assert "canary7f3a" not in written.lower()
        assert token not in written
    assert {line.get("error") for line in read(lines)} >= {"StoreAway", "RuntimeError", "NotFound"}


def test_figures_count_by_route(client: FlaskClient) -> None:
    client.post("/chat/sessions")
    client.get("/made/up/address")
    figures = client.get("/metrics").get_data(as_text=True)
    assert 'tada_requests_total{route="POST /chat/sessions",status="201"} 1.0' in figures
    assert 'tada_requests_total{route="none",status="404"} 1.0' in figures
    assert "made" not in figures
