"""What the tests of the desk may ask for: the whole application, and colleagues in browsers of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import bot.web
from desk import Options, create_desk
from locales import Words
from storage.database import Database
from storage.keys import KeyDirectory
from storage.recovery import RecoveryKey
from storage.sessions import begin_session, open_session, resume_session
from storage.signing_in import check_and_open
from storage.staff import Role
from tests.conftest import MakeInstance
from tests.storage.building import CHEAP, PASSWORD, Instance

HOME = "/desk/people"


@pytest.fixture(scope="session")
def words() -> Words:
    return Words.load()


@pytest.fixture
def instance(tmp_path: Path, sqlite_url: str, make_instance: MakeInstance) -> Instance:
    """An instance in which nobody works yet. What differs between databases is tested with the store."""
    made = make_instance(tmp_path / "home", sqlite_url)
    assert made.recovery_key_text is not None
    keys = KeyDirectory(tmp_path / "home" / "keys")
    return Instance(Database.open(sqlite_url), keys, made.recovery_key_text)


@pytest.fixture
def make_app(instance: Instance, words: Words, tmp_path: Path) -> Callable[..., Flask]:
    """Builds the desk, with other options where they are given."""

    def make(**more: Any) -> Flask:
        options = {
            "address": None,
            "shared_static": Path(bot.web.__file__).parent / "static",
            "closed_days": 90,
            "journal": tmp_path / "erased",
            "parameters": CHEAP,
        }
        return create_desk(Options(**(options | more)), instance.database, instance.keys, words)

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@dataclass
class Colleague:
    """Somebody before a browser."""

    instance: Instance
    client: FlaskClient
    name: str = ""
    id: bytes = b""
    totp: pyotp.TOTP | None = field(default=None, repr=False)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **more)

    def post(self, path: str, csrf: bool = True, **fields: Any) -> TestResponse:
        """Send a form as a page of theirs would."""
        data = {"csrf": self.csrf(), **fields} if csrf else fields
        return self.client.post(path, data=data)

    def csrf(self) -> str:
        """What their forms carry just now; empty where they are not signed in."""
        secret = self.secret()
        if secret is None:
            return ""
        return resume_session(self.instance.database, secret, datetime.now(UTC)).csrf

    def secret(self) -> bytes | None:
        """The secret in their cookie."""
        import base64

        cookie = self.client.get_cookie("desk")
        return base64.urlsafe_b64decode(cookie.value + "=") if cookie else None

    def take(self, secret: bytes) -> None:
        """Put a secret into their cookie."""
        import base64

        value = base64.urlsafe_b64encode(secret).decode().rstrip("=")
        self.client.set_cookie("desk", value, path="/")


Enters = Callable[..., Colleague]


@pytest.fixture
def visitor(instance: Instance, app: Flask) -> Colleague:
    """Somebody who is not signed in."""
    return Colleague(instance, english(app))


@pytest.fixture
def enters(instance: Instance, app: Flask) -> Enters:
    """Adds a colleague and signs them in, as the store does it; or leaves them at an earlier stage."""

    def enter(name: str = "Mei", role: Role = "supervisor", stage: str = "open") -> Colleague:
        if not instance.holders() - {"recovery", "bootstrap"}:
            instance.add("First", "supervisor")
        instance.add(name, role, RecoveryKey.from_text(instance.recovery_key))
        now = datetime.now(UTC)
        staff_id, private = check_and_open(instance.database, name, PASSWORD, CHEAP)
        begun = "password" if stage == "open" else stage
        with instance.database.transaction() as connection:
            secret = begin_session(connection, staff_id, private, begun, now)  # type: ignore[arg-type]
        if stage == "open":
            secret = open_session(instance.database, resume_session(instance.database, secret, now), now)
        colleague = Colleague(instance, english(app), name, staff_id)
        colleague.take(secret)
        return colleague

    return enter


@pytest.fixture
def mei(enters: Enters) -> Colleague:
    """A supervisor, signed in."""
    return enters("Mei", "supervisor")


@pytest.fixture
def jo(enters: Enters) -> Colleague:
    """A colleague with her own cases, signed in."""
    return enters("Jo", "intake")


def english(app: Flask) -> FlaskClient:
    """A browser that asks for English."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def secret_of(page: str) -> str:
    """The secret of the app that a page of enrolling shows."""
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found, page
    return found[1].replace(" ", "")
