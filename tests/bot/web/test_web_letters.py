"""What a colleague wrote, as the page and other programs fetch it: until it was shown, and to nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from storage.database import Database
from storage.intake import Intake
from storage.keys import KeyDirectory
from storage.letters import send_letter
from storage.setup import initialise
from tests.storage.building import Instance
from tests.storage.talking import Person
from webhook import create_app

SAID = "canary-said-by-a-colleague"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    home = tmp_path / "home"
    made = initialise(home, f"sqlite:///{home}/tada.sqlite3")
    assert made.recovery_key_text is not None
    database = Database.open(f"sqlite:///{home}/tada.sqlite3")
    return Instance(database, KeyDirectory(home / "keys"), made.recovery_key_text)


@pytest.fixture
def chat(instance: Instance) -> FlaskClient:
    home = str(instance.keys.path.parent)
    return create_app({"TADA_HOME": home, "TADA_SURFACE": "intake", "TADA_RATE_LIMITS": "off"}).test_client()


@pytest.fixture
def person(instance: Instance) -> Person:
    """Somebody with a case code, to whom a colleague wrote twice."""
    intake = Intake(instance.database, instance.keys, instance.keys.path.parent / "erased")
    person = Person(intake, now=datetime.now(UTC)).drafts().submits()
    mei = instance.added("Mei", "supervisor")
    for text in (SAID, "and more"):
        send_letter(instance.database, mei, person.reference, text)
    return person


def begin(chat: FlaskClient) -> dict[str, str]:
    """Begin a chat; return the headers that its messages carry."""
    token = chat.post("/chat/sessions", json={}).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    chat.post("/chat/messages", json={"id": "l", "choice": "en"}, headers=headers)
    return headers


def of_colleagues(answer: Any) -> list[str]:
    return [each["text"] for each in answer.get_json()["messages"] if each["from"] == "caseworker"]


def fetch(chat: FlaskClient, headers: dict[str, str], after: str = "") -> Any:
    query = {"from": "caseworker", **({"after": after} if after else {})}
    return chat.get("/chat/messages", query_string=query, headers=headers)


def test_it_comes_with_every_answer_after_the_assistant_until_it_was_shown(
    chat: FlaskClient, person: Person
) -> None:
    headers = begin(chat)
    answer = chat.post("/chat/messages", json={"id": "c", "text": person.code}, headers=headers)
    assert of_colleagues(answer) == [SAID, "and more"]
    assert [each["from"] for each in answer.get_json()["messages"]][-3:] == [
        "assistant",
        "caseworker",
        "caseworker",
    ]
    first, second = (each["id"] for each in answer.get_json()["messages"][-2:])
    assert of_colleagues(chat.get("/chat/messages", headers=headers)) == [SAID, "and more"]
    assert of_colleagues(fetch(chat, headers)) == [SAID, "and more"]
    assert of_colleagues(fetch(chat, headers, first)) == ["and more"]
    body = {"id": "m", "text": "thank you both", "shown": second}
    answer = chat.post("/chat/messages", json=body, headers=headers)
    assert (answer.get_json()["messages"], answer.get_json()["step"]) == ([], "talking")
    assert of_colleagues(fetch(chat, headers)) == []


def test_nobody_else_fetches_it(chat: FlaskClient, person: Person) -> None:
    headers, other = begin(chat), begin(chat)
    answer = chat.post("/chat/messages", json={"id": "c", "text": person.code}, headers=headers)
    shown = answer.get_json()["messages"][-1]["id"]
    assert of_colleagues(fetch(chat, other, shown)) == []
    chat.post("/chat/messages", json={"id": "n", "text": "1234567890123428", "shown": shown}, headers=other)
    assert of_colleagues(fetch(chat, other)) == []
    assert of_colleagues(fetch(chat, headers)) == [SAID, "and more"]
    assert of_colleagues(fetch(chat, {"Authorization": "Bearer " + "x" * 43})) == []


@pytest.mark.parametrize("shown", ["", "x", "zz" * 16, "é" * 32, "00" * 16, "x" * 64])
def test_what_is_no_id_of_a_message_changes_nothing(chat: FlaskClient, person: Person, shown: str) -> None:
    headers = begin(chat)
    chat.post("/chat/messages", json={"id": "c", "text": person.code}, headers=headers)
    assert of_colleagues(fetch(chat, headers, shown)) == [SAID, "and more"]


@pytest.mark.parametrize("shown", [7, [], "", "x" * 65])
def test_what_cannot_be_an_id_is_refused(chat: FlaskClient, shown: Any) -> None:
    headers = begin(chat)
    body = {"id": "m", "text": "hello", "shown": shown}
    assert chat.post("/chat/messages", json=body, headers=headers).status_code == 400
