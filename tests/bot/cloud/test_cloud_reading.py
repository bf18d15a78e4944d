"""What Meta posts is read into what was heard, whatever is missing."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud.reading import ABOUT, Came, Gone, read
from flows.vocabulary import Heard

NUMBER, USER_ID = "85200000001", "HK.1"
SENDER = {"from": NUMBER, "from_user_id": USER_ID, "id": "wamid.1", "timestamp": "1790000000"}
TABLE = tomllib.loads((Path(__file__).parent / "messages.toml").read_text("utf-8"))["message"]


def posted(*messages: object, field: str = "messages", **more: object) -> dict[str, Any]:
    value = {"metadata": {"phone_number_id": "10654"}, "messages": list(messages), **more}
    return {"entry": [{"changes": [{"field": field, "value": value}]}]}


@pytest.mark.parametrize("row", TABLE, ids=[row["label"] for row in TABLE])
def test_each_type_of_message_is_heard_as_what_it_is(row: dict[str, Any]) -> None:
    events = read(posted(SENDER | row["posted"]), "10654").events
    came = [event for event in events if isinstance(event, Came)]
    at = datetime.fromtimestamp(1_790_000_000, UTC)
    heard = Heard("whatsapp", USER_ID, "wamid.1", can_be_reached=True, sent_at=at)
    expected = [replace(heard, **row["heard"])] if "heard" in row else []
    assert [event.heard for event in came] == expected
    assert [id_ for event in came for id_ in event.media] == row.get("media", [])
    assert {event.address for event in events if isinstance(event, Gone)} == set(row.get("gone", []))


@pytest.mark.parametrize(
    ("sender", "contacts", "address"),
    [
        ({"from": NUMBER, "from_user_id": USER_ID}, [], USER_ID),
        ({"from_user_id": USER_ID}, [{"user_id": USER_ID}], USER_ID),
        ({"from": NUMBER}, [], NUMBER),
        ({"from": NUMBER}, [{"wa_id": NUMBER}], NUMBER),
        ({"from": NUMBER}, [{"wa_id": NUMBER, "user_id": USER_ID}], USER_ID),
        (
            {"from": NUMBER},
            [{"wa_id": "85200000002", "user_id": "HK.2"}, {"wa_id": NUMBER, "user_id": USER_ID}],
            USER_ID,
        ),
        ({}, [{"user_id": USER_ID}], USER_ID),
    ],
)
def test_a_person_is_known_by_the_id_meta_gives_them_or_else_by_their_number(
    sender: dict[str, str], contacts: list[object], address: str
) -> None:
    message = {"id": "wamid.1", "type": "text", "text": {"body": "hi"}, **sender}
    (event,) = read(posted(message, contacts=contacts), "10654").events
    assert isinstance(event, Came) and event.heard.address == address


@pytest.mark.parametrize(
    "broken",
    [{"id": None}, {"id": ""}, {"id": "a b"}, {"id": "\ud800"}, {"id": "x" * 513}, {"id": 7},
     {"from_user_id": "HK 1"}, {"from_user_id": "\ud800"}, {"from_user_id": None, "from": None}, {"from_user_id": "x" * 141}],
)  # fmt: skip
def test_a_message_that_nobody_could_be_answered_for_is_counted_and_the_rest_is_read(
    broken: dict[str, Any],
) -> None:
    good = SENDER | {"type": "text", "text": {"body": "hi"}}
    batch = read(posted(good | broken, None, 5, good), "10654")
    assert (len(batch.events), batch.unread) == (1, 1)


def test_what_happened_is_put_in_order_of_time_and_within_a_second_stays_as_it_came() -> None:
    messages = [
        SENDER | {"id": f"wamid.{n}", "timestamp": at, "type": "text"}
        for n, at in enumerate(["1790000009", "1790000001", "1790000009", "1790000003"])
    ]
    events = read(posted(*messages), "10654").events
    assert [event.heard.id[-1] for event in events if isinstance(event, Came)] == ["1", "3", "0", "2"]


def test_whoever_has_another_user_id_is_gone_from_the_one_before() -> None:
    moved = {"user_id": {"previous": "HK.1", "current": "HK.2"}, "timestamp": "1790000000"}
    batch = read(posted(field="user_id_update", user_id_update=[moved, {}, None]), "10654")
    assert batch.events == (Gone(1790000000, "HK.1"),)


def test_failures_are_counted_by_code_alone() -> None:
    def failed(*errors: object) -> dict[str, object]:
        return {"id": "wamid.secret", "status": "failed", "errors": list(errors)}

    statuses = [
        failed({"code": 131047}),
        failed({"code": 131047}),
        failed({"code": "x"}),
        {"status": "read"},
        None,
    ]
    assert read(posted(statuses=statuses), "10654").undelivered == {131047: 2, 0: 1}


def test_news_are_told_with_what_was_sent_along() -> None:
    statuses = [
        {"status": "delivered", ABOUT: "a" * 32},
        {"status": "read", ABOUT: 7},
        {"status": "failed", ABOUT: "b" * 32, "errors": [{"code": 131026}]},
        {"status": "sent"},
    ]
    batch = read(posted(statuses=statuses), "10654")
    assert batch.news == (("a" * 32, "delivered"), ("b" * 32, "failed"))
    assert batch.undelivered == {131026: 1}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["10654", "system", "image"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["entry", "changes", "value", "metadata", "phone_number_id", "messages", "statuses", "errors", "field",
             "contacts", ABOUT, "status", "type", "image", "edit", "message", "system", "from", "id", "timestamp", "user_id_update"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(_JSON, _JSON)
def test_no_json_is_too_strange_to_be_read(body: object, message: object) -> None:
    read(body, "10654")
    read(posted(message, statuses=message, contacts=message, user_id_update=message), "10654")
    if isinstance(message, dict):
        read(posted(SENDER | message), "10654")
