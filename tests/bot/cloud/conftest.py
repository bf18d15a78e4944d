"""The whole product with the Cloud API switched on, Meta's stand-in, and the background work done by hand."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from flask import Flask

import logs
from bot.cloud.errands import runners
from settings import Cloud, read_settings
from storage.cases import list_cases, open_case
from storage.casetelling import Case
from storage.database import Database
from storage.errand_queue import ErrandQueue
from storage.keys import KeyDirectory
from storage.sealing import PasswordParameters
from storage.signing_in import sign_in
from storage.staffing import add_staff
from tests.bot.working import ByHand
from tests.conftest import MakeInstance
from tests.providers.cloud import FakeGraph, Sent, User, serving
from webhook import create_app

PATH = "/webhooks/whatsapp-cloud"
SECRET = "an-app-secret-of-nobody-at-all"
OLD_SECRET = "the-app-secret-before-that-one"
VERIFY_TOKEN = "a-verify-token-of-nobody"
CHEAP = PasswordParameters(memory=64, passes=1, lanes=1)
PASSWORD = "blue kettle under seven hills"


@dataclass
class Product(ByHand):
    """An instance, and whoever writes to it by WhatsApp."""

    app: Flask
    graph: FakeGraph
    settings: Cloud
    database: Database
    keys: KeyDirectory
    log: io.StringIO

    def __post_init__(self) -> None:
        self.queue = ErrandQueue(self.database, self.keys)
        self.runners = runners(self.settings)

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        answer = self.app.test_client().post(PATH, data=body, headers=dict(headers))
        assert not answer.data or answer.status_code != 200
        return answer.status_code

    def waits(self, seconds: float) -> Self:
        """Let time go by, at Meta too."""
        self.graph.now += seconds
        return super().waits(seconds)

    def says(self, user: User, *messages: Mapping[str, Any]) -> str:
        """Deliver messages and do what they cause; return the last text that came back."""
        self.graph.deliver(self.post, user, *messages)
        for _ in range(4):
            self.work()
            self.waits(7)
        assert self.graph.complaints == []
        return self.last(user).text if self.graph.to(user) else ""

    def last(self, user: User) -> Sent:
        return self.graph.to(user)[-1]

    def waiting(self) -> dict[str, int]:
        return {kind: found.waiting for kind, found in self.queue.waiting(self.now).items()}

    def cases(self) -> list[Case]:
        """Every case in the queue, opened by a caseworker."""
        if self.keys.bootstrap is not None:
            add_staff(self.database, self.keys, "Reader", "supervisor", PASSWORD, None, CHEAP)
        reader = sign_in(self.database, "Reader", PASSWORD, CHEAP)
        return [
            open_case(self.database, self.keys, reader, line.reference)
            for line in list_cases(self.database, self.keys, reader)
        ]


@pytest.fixture
def make_product(
    sqlite_url: str, tmp_path: Path, make_instance: MakeInstance
) -> Iterator[Callable[..., Product]]:
    """Makes the product; settings are given by name."""
    log, handlers, databases = io.StringIO(), [], []
    root = logging.getLogger()
    before = root.level
    graph = FakeGraph(access_token="an-access-token-of-nobody", app_secret=SECRET, phone_number_id="10654")
    home = tmp_path / "home"
    make_instance(home, sqlite_url)

    def make(**more: str) -> Product:
        environ = {
            "TADA_HOME": str(home),
            "TADA_DATABASE_URL": sqlite_url,
            "TADA_RATE_LIMITS": "off",
            "TADA_CLOUD_ACCESS_TOKEN": graph.access_token,
            "TADA_CLOUD_APP_SECRET": SECRET,
            "TADA_CLOUD_OLD_APP_SECRET": OLD_SECRET,
            "TADA_CLOUD_VERIFY_TOKEN": VERIFY_TOKEN,
            "TADA_CLOUD_PHONE_NUMBER_ID": graph.phone_number_id,
            "TADA_CLOUD_API_BASE": graph.base,
            **{f"TADA_{name.upper()}": value for name, value in more.items()},
        }
        handlers.append(logging.StreamHandler(log))
        handlers[-1].setFormatter(logs.Lines())
        root.addHandler(handlers[-1])
        root.setLevel(logging.INFO)
        settings = read_settings(environ).cloud
        assert settings is not None
        databases.append(Database.open(sqlite_url))
        return Product(create_app(environ), graph, settings, databases[-1], KeyDirectory(home / "keys"), log)

    with serving(graph):
        yield make
    for handler in handlers:
        root.removeHandler(handler)
    root.setLevel(before)
    for database in databases:
        database.close()


@pytest.fixture
def product(make_product: Callable[..., Product]) -> Product:
    return make_product()
