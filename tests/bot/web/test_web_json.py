"""The JSON of the web chat: shapes, refusals, and what reaches the reception."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from bot.limits import MESSAGES_A_MINUTE
from bot.problems import Problem
from bot.receive import Answer, Message
from bot.web.wire import read_message
from storage.errors import KeysUnusable, StateUnreadable, StoreAway
from tests.bot.scripted import SEVERAL, ScriptedReception, body_of, code_of


class Visit:
    """A conversation, as a program holds it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        begun = client.post("/chat/sessions")
        assert begun.status_code == 201
        self.token: str = body_of(begun)["token"]

    def send(self, body: Any) -> TestResponse:
        headers = self.headers | {"Content-Type": "application/json"}
        return self.client.post("/chat/messages", data=json.dumps(body), headers=headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def visit(client: FlaskClient) -> Visit:
    return Visit(client)


def test_every_letter_of_a_token_is_drawn(client: FlaskClient) -> None:
    drawn = [urlsafe_b64decode(Visit(client).token + "=") for _ in range(6)]
    assert {len(token) for token in drawn} == {32}
    assert all(len({token[place : place + 8] for token in drawn}) == 6 for place in range(0, 32, 8))


def test_a_session_begins_with_a_token_and_the_greeting(
    client: FlaskClient, reception: ScriptedReception
) -> None:
    answer = client.post("/chat/sessions")
    body = body_of(answer)
    token = body.pop("token")
    assert len(token) == 43
    assert answer.status_code == 201
    assert body == {
        "messages": [
            {
                "id": "q-0",
                "from": "assistant",
                "text": "How old?\n\n幾歲？",
                "choices": [
                    {"id": "16_or_above", "label": "16 or above"},
                    {"id": "under_16", "label": "Not yet"},
                ],
            }
        ],
        "step": "age",
        "progress": {"step": 2, "of": 15},
        "language": "en",
        "closed": False,
        "skippable": False,
    }
    (heard,) = reception.heard
    assert (heard.channel, heard.kind, heard.address, heard.can_be_reached) == ("web", "start", token, False)


def test_two_sessions_have_two_tokens(client: FlaskClient) -> None:
    assert Visit(client).token != Visit(client).token


@pytest.mark.parametrize(
    ("body", "heard"),
    [
        ({"text": "hi"}, ("hi", None, None, None)),
        ({"text": ""}, ("", None, None, None)),
        ({"choice": "she"}, ("", "she", None, None)),
        ({"choices": ["a", "b"]}, ("", None, ("a", "b"), None)),
        ({"text": "hi", "choice": None, "choices": None}, ("hi", None, None, None)),
        ({"choice": "she", "step": "pronoun"}, ("", "she", None, "pronoun")),
        ({"text": "hi", "unknown": {"deep": [1]}, "language": "zh"}, ("hi", None, None, None)),
        ({"text": "\ud800\x00\u202e"}, ("\ud800\x00\u202e", None, None, None)),
    ],
)
def test_what_was_written_or_pressed_reaches_the_conversation(
    visit: Visit, reception: ScriptedReception, body: dict[str, Any], heard: tuple[Any, ...]
) -> None:
    answer = visit.send({"id": "m1"} | body)
    assert answer.status_code == 200
    last = reception.heard[-1]
    assert (last.id, last.address, last.kind) == ("m1", visit.token, "text")
    assert (last.text, last.choice, last.choices, last.asked_at) == heard


def test_several_choices_are_marked(visit: Visit, reception: ScriptedReception) -> None:
    reception.answer = Answer((SEVERAL,), "background", None, None)
    answer = body_of(visit.send({"id": "m1", "text": "hi"}))
    assert answer["messages"][0]["several"] is True
    assert (answer["progress"], answer["language"]) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        [], "text", 7, None, {}, {"text": "hi"}, {"id": "m1"}, {"id": "", "text": "hi"}, {"id": 7, "text": "hi"},
        {"id": "x" * 65, "text": "hi"}, {"id": "a b", "text": "hi"}, {"id": "é", "text": "hi"}, {"id": "m1\n", "text": "hi"},
        {"id": "m1", "text": 7}, {"id": "m1", "text": ["hi"]}, {"id": "m1", "text": "hi", "choice": "she"},
        {"id": "m1", "choice": ""}, {"id": "m1", "choice": "x" * 65}, {"id": "m1", "choice": ["she"]}, {"id": "m1", "choice": True},
        {"id": "m1", "choices": []}, {"id": "m1", "choices": "she"}, {"id": "m1", "choices": [7]},
        {"id": "m1", "choices": ["a"] * 65}, {"id": "m1", "choices": {"a": 1}}, {"id": "m1", "text": "hi", "step": 7},
    ],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(visit: Visit, reception: ScriptedReception, body: Any) -> None:
    before = len(reception.heard)
    assert code_of(visit.send(body)) == (400, "bad_request")
    assert len(reception.heard) == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"{'id': 1}", b"[" * 30_000, b"1" * 5_000, b'{"id": "m1", "text": "a']
)
def test_what_is_not_json_is_refused(visit: Visit, body: bytes) -> None:
    headers = visit.headers | {"Content-Type": "application/json"}
    assert code_of(visit.client.post("/chat/messages", data=body, headers=headers)) == (400, "bad_json")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", ""],
)
def test_only_json_is_taken_and_no_files(visit: Visit, kind: str) -> None:
    headers = visit.headers | {"Content-Type": kind}
    answer = visit.client.post("/chat/messages", data=b'{"id": "m1", "text": "hi"}', headers=headers)
    assert code_of(answer) == (415, "media_type")


@pytest.mark.parametrize("length", [64 * 1024, 1_000_000])
def test_a_body_beyond_64_kib_is_refused(visit: Visit, length: int) -> None:
    assert code_of(visit.send({"id": "m1", "text": "a" * length})) == (413, "too_large")


def test_a_body_in_chunks_is_refused_beyond_64_kib_and_never_cut(visit: Visit) -> None:
    def send(text: str) -> TestResponse:
        body = json.dumps({"id": "m1", "text": text}).encode()
        return visit.client.post(
            "/chat/messages",
            input_stream=BytesIO(body),
            headers=visit.headers | {"Content-Type": "application/json"},
            environ_overrides={"wsgi.input_terminated": True},
        )

    assert send("hi").status_code == 200
    assert code_of(send("a" * 100_000)) == (413, "too_large")


def test_a_token_that_nobody_holds_is_told_so(client: FlaskClient) -> None:
    headers = {"Authorization": "Bearer " + "a" * 43}
    body = {"id": "m1", "text": "hi"}
    assert code_of(client.post("/chat/messages", json=body, headers=headers)) == (401, "unauthorised")
    assert code_of(client.get("/chat/messages", headers=headers)) == (401, "unauthorised")
    assert code_of(client.delete("/chat/sessions", headers=headers)) == (401, "unauthorised")


def test_the_same_id_with_other_words_is_refused(visit: Visit) -> None:
    assert visit.send({"id": "m1", "text": "hi"}).status_code == 200
    assert visit.send({"id": "m1", "text": "hi"}).status_code == 200
    assert code_of(visit.send({"id": "m1", "text": "ho"})) == (409, "id_reused")


@pytest.mark.parametrize(
    ("failure", "status", "code", "wait"),
    [
        (StoreAway("x"), 503, "store_away", "5"),
        (KeysUnusable("x"), 503, "keys_unusable", "5"),
        (StateUnreadable("x"), 503, "state_unreadable", None),
        (RuntimeError("secret words"), 500, "unexpected", None),
    ],
)
def test_bad_days_have_their_own_code(
    visit: Visit, reception: ScriptedReception, failure: Exception, status: int, code: str, wait: str | None
) -> None:
    reception.failure = failure
    answer = visit.send({"id": "m1", "text": "hi"})
    assert code_of(answer) == (status, code)
    assert answer.headers.get("Retry-After") == wait
    assert b"secret" not in answer.data


def test_a_flood_is_asked_to_wait_and_danger_is_not(make_app: Callable[..., Flask]) -> None:
    visit = Visit(make_app(rate_limits="on").test_client())
    for number in range(MESSAGES_A_MINUTE - 1):
        assert visit.send({"id": f"m{number}", "text": "hi"}).status_code == 200
    answer = visit.send({"id": "late", "text": "hi"})
    assert code_of(answer) == (429, "rate")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert visit.send({"id": "danger", "text": "我想死"}).status_code == 200


def test_the_standing_question_can_be_asked_for(visit: Visit) -> None:
    answer = visit.client.get("/chat/messages", headers=visit.headers)
    assert [message["id"] for message in body_of(answer)["messages"]] == ["q-0"]


def test_only_what_came_after_a_message_is_given(visit: Visit, reception: ScriptedReception) -> None:
    said = tuple(Message(f"m-{number}", "assistant", "hi") for number in range(3))
    reception.answer = Answer(said, "age", "en", None)

    def ids(after: str) -> list[str]:
        answer = visit.client.get("/chat/messages", query_string={"after": after}, headers=visit.headers)
        return [message["id"] for message in body_of(answer)["messages"]]

    assert ids("m-0") == ["m-1", "m-2"]
    assert ids("m-2") == []
    assert ids("unknown") == ["m-0", "m-1", "m-2"]


@pytest.mark.parametrize(
    ("body", "erase"), [(None, False), ({}, False), ({"erase": False}, False), ({"erase": True}, True)]
)
def test_leaving_ends_the_token(visit: Visit, reception: ScriptedReception, body: Any, erase: bool) -> None:
    answer = visit.client.delete("/chat/sessions", json=body, headers=visit.headers)
    assert (answer.status_code, answer.data) == (204, b"")
    assert reception.left == [(visit.token, erase)]
    assert code_of(visit.send({"id": "m1", "text": "hi"})) == (401, "unauthorised")


def test_leaving_is_not_guessed(visit: Visit, reception: ScriptedReception) -> None:
    answer = visit.client.delete("/chat/sessions", json={"erase": "yes"}, headers=visit.headers)
    assert code_of(answer) == (400, "bad_request")
    assert reception.left == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_told_so(client: FlaskClient, method: str) -> None:
    assert code_of(client.open("/chat/messages", method=method)) == (405, "method")
    assert code_of(client.get("/chat/sessions")) == (405, "method")
    assert code_of(client.get("/chat/nowhere")) == (404, "not_found")


@pytest.mark.parametrize(
    ("headers", "body", "chinese", "english"),
    [
        ({}, {}, True, True),
        ({"Accept-Language": "zh-HK"}, {}, True, False),
        ({"Accept-Language": "en-GB"}, {}, False, True),
        ({"Accept-Language": "en-GB"}, {"language": "zh_Hant_HK"}, True, False),
    ],
)
def test_a_problem_is_told_in_the_language_asked_for_or_in_both(
    visit: Visit, headers: dict[str, str], body: dict[str, str], chinese: bool, english: bool
) -> None:
    answer = visit.client.post("/chat/messages", json=body, headers=visit.headers | headers)
    text = body_of(answer)["error"]["message"]
    assert ("我們" in text or "未能" in text) == chinese
    assert ("could not" in text) == english


def test_chinese_is_written_as_chinese(visit: Visit) -> None:
    assert "幾歲" in visit.send({"id": "m1", "text": "hi"}).get_data(as_text=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["id", "text", "choice", "choices", "step", "x"]), inner)
        ),
    )
)
def test_no_body_raises_anything_but_a_problem(body: Any) -> None:
    with suppress(Problem):
        assert isinstance(read_message(body if isinstance(body, dict) else {}).text, str)
