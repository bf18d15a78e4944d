"""Bad input and bad days, on the whole product and both databases: each has an answer, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
from sqlalchemy import select

from bot import receive
from storage import schema
from tests.promises.conftest import TO_THE_STORY, Service, Visitor


def test_a_thousand_messages_at_once_are_all_answered(service: Service) -> None:
    visitors = [service.visitor().begin() for _ in range(50)]

    def write(number: int) -> set[int]:
        visitor = visitors[number]
        own = Visitor(service.app.test_client(), visitor.token)
        return {
            int(own.post({"id": f"m{number}-{turn}", "text": f"message {turn} 😀"}).status_code)
            for turn in range(20)
        }

    with ThreadPoolExecutor(50) as pool:
        assert set().union(*pool.map(write, range(50))) == {200}


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x07\x1b[31m",
        "\ud800 lone \udfff",
        "\u202ertl\u2066marks\u200f",
        "😀" * 400,
        "a" * 4001,
        "' OR 1=1 --",
        "{reference} %s {0}",
        "<script>alert(1)</script>",
        "",
        "\n\n\n",
    ],
    ids=["control", "surrogates", "bidi", "emoji", "long", "sql", "format", "script", "empty", "lines"],
)
def test_hostile_text_is_answered_at_every_step_and_changes_nothing_it_should_not(
    service: Service, text: str
) -> None:
    visitor = service.visitor().begin()
    for said in TO_THE_STORY:
        answer = visitor.send({"text": text})
        assert answer["messages"]
        assert answer["step"] not in ("erased", "submitted", "referred")
        if answer["step"] != _step_before(said):  # it was an answer, such as a name
            visitor.send({"text": "back"})
        visitor.send(said)


def _step_before(said: dict[str, Any]) -> str | None:
    order = ["language", "age", "consent", "whose", "image_age", "pronoun", "name", "contact_method"]
    order += ["contact_safety", "relationship", "background", "content"]
    return order[TO_THE_STORY.index(said)]


def test_a_key_file_that_is_missing_or_readable_by_others_is_told_and_nothing_is_lost(
    service: Service,
) -> None:
    visitor = service.visitor().begin()
    visitor.send_all(*TO_THE_STORY)
    signing = service.home / "keys" / "intake.key"
    mode, content = signing.stat().st_mode, signing.read_bytes()
    spoilings: tuple[Callable[[], None], ...] = (lambda: signing.chmod(0o644), signing.unlink)

    for spoil in spoilings:
        spoil()
        (service.home / "keys" / "touched").touch(mode=0o600)
        (service.home / "keys" / "touched").unlink()
        refused = service.visitor().client.post(
            "/chat/messages",
            json={"id": "whilespoiled", "text": "an answer"},
            headers={"Authorization": f"Bearer {visitor.token}"},
        )
        assert refused.status_code == 503
        assert refused.json
        assert refused.json["error"]["code"] == "keys_unusable"
        assert refused.headers["Retry-After"]
        signing.write_bytes(content)
        signing.chmod(mode & 0o777)
    assert visitor.send({"text": "an answer"}, "whilespoiled")["step"] == "story"


def test_a_state_that_cannot_be_read_is_told_and_stays(service: Service) -> None:
    visitor = service.visitor().begin()
    visitor.send_all(*TO_THE_STORY)
    with service.database.transaction() as connection:
        before = connection.execute(select(schema.conversations.c.state)).scalar_one()
        spoiled = before[:-1] + bytes([before[-1] ^ 1])
        connection.execute(schema.conversations.update().values(state=spoiled))
    refused = visitor.post({"id": "m", "text": "an answer"})
    assert refused.status_code == 503
    assert refused.json["error"]["code"] == "state_unreadable"
    with service.database.transaction() as connection:
        assert connection.execute(select(schema.conversations.c.state)).scalar_one() == spoiled
        connection.execute(schema.conversations.update().values(state=before))
    assert visitor.send({"text": "an answer"})["step"] == "story"


def test_a_clock_that_jumps_loses_nobody(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = service.visitor().begin()
    visitor.send_all(*TO_THE_STORY)

    class Jumped(datetime):
        ahead = timedelta()

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + cls.ahead

    monkeypatch.setattr(receive, "datetime", Jumped)
    for hours in (-26, 0, 30, -1, 50):
        Jumped.ahead = timedelta(hours=hours)
        answer = visitor.send({"text": "still here"})
        if [choice["id"] for choice in answer["messages"][-1].get("choices", ())] == [
            "continue",
            "restart",
            "stop",
        ]:
            answer = visitor.send({"choice": "continue"})
        assert answer["step"] == "story"
