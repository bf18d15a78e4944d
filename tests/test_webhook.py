"""The whole program, wired from settings as a server wires it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from settings import SettingsError
from storage.setup import initialise
from webhook import create_app


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("webhook") / "home"
    initialise(folder, f"sqlite:///{folder}/tada.sqlite3")
    return folder


@pytest.fixture
def client(home: Path) -> FlaskClient:
    return create_app({"TADA_HOME": str(home), "TADA_RATE_LIMITS": "off"}).test_client()


def send(client: FlaskClient, token: str, **body: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = client.post("/chat/messages", data=json.dumps(body), headers=headers)
    assert answer.status_code == 200, answer.get_json()
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_process_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"process": "ok"}
    assert client.get("/readyz").get_json() == {"database": "ok", "keys": "ok", "migrations": "ok"}


def test_what_is_missing_makes_a_process_not_ready(home: Path, tmp_path: Path) -> None:
    client = create_app({"TADA_HOME": str(tmp_path / "nothing")}).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.get_json().values()) == {"failing"}
    assert client.get("/healthz").status_code == 200
    copied = tmp_path / "copied"
    shutil.copytree(home, copied)
    next((copied / "keys").glob("desk-*.pub")).chmod(0o644)
    client = create_app({"TADA_HOME": str(copied)}).test_client()
    assert client.get("/readyz").get_json()["keys"] == "failing"


def test_without_a_database_or_keys_people_are_told_and_nothing_is_acknowledged(
    home: Path, tmp_path: Path
) -> None:
    shutil.copytree(home / "keys", tmp_path / "keys alone" / "keys")
    for left, code in (("keys alone", "store_away"), ("nothing", "keys_unusable")):
        client = create_app({"TADA_HOME": str(tmp_path / left)}).test_client()
        answer = client.post("/chat/sessions")
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, code)
        assert client.post("/", data={"language": "en"}).status_code == 503


def test_a_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TADA_DRAFT_HOURS"):
        create_app({"TADA_HOME": str(tmp_path), "TADA_DRAFT_HOURS": "1000"})


def test_a_conversation_goes_on_over_two_processes(home: Path, client: FlaskClient) -> None:
    begun = client.post("/chat/sessions").get_json()
    assert (begun["step"], begun["language"], begun["progress"]["step"]) == ("language", None, 1)
    token = begun["token"]
    first = send(client, token, id="m1", choice="en")
    assert first["step"] == "age"
    another = create_app({"TADA_HOME": str(home)}).test_client()
    assert send(another, token, id="m1", choice="en") == first
    assert send(another, token, id="m2", text="I am 17")["step"] == "consent"
    reused = client.post(
        "/chat/messages", json={"id": "m2", "text": "I am 18"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (reused.status_code, reused.get_json()["error"]["code"]) == (409, "id_reused")
    standing = client.get("/chat/messages", headers={"Authorization": f"Bearer {token}"}).get_json()
    assert standing["step"] == "consent"


def test_who_left_is_not_known_any_more(client: FlaskClient) -> None:
    token = client.post("/chat/sessions").get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.delete("/chat/sessions", json={"erase": True}, headers=headers).status_code == 204
    assert client.get("/chat/messages", headers=headers).status_code == 401
    assert client.post("/chat/messages", json={"id": "m1", "text": "hi"}, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00\x1b[2J",
        "\ud800\udfff\ud800",
        "\u202eabc\u202c",
        "😀" * 100,
        "字" * 5_000,
        "{n} %s {{x}}",
    ],
)
def test_whatever_is_written_is_answered(client: FlaskClient, text: str) -> None:
    token = client.post("/chat/sessions").get_json()["token"]
    for number, body in enumerate(
        [
            {"text": text},
            {"choice": "en"},
            {"text": text},
            {"choice": "16_or_above"},
            {"choice": "agree"},
            {"text": text},
        ]
    ):
        assert send(client, token, id=f"m{number}", **body)["messages"]
