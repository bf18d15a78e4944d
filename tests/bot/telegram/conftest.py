"""The whole product behind a bot, a Bot API server that delivers to it, and a worker that runs its errands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bot.telegram.errands import runners
from bot.telegram.updates import ALLOWED
from locales import Words
from settings import read_settings
from storage.database import Database
from storage.errand_queue import ErrandQueue, Opened
from tests.conftest import MakeInstance
from tests.promises.conftest import Service, logged
from tests.providers.telegram import BotApi
from webhook import create_app

TOKEN = "4200000000:AAnobodysTokenAtAll-not-real_00000"
SECRET = "a_secret-of-nobody_at-all"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
PATH = "/webhooks/telegram"
ANN, BO = 5_200_000_001, 5_200_000_002

words = Words.load()


@dataclass
class Product:
    """A running instance, and what Telegram has of it."""

    service: Service
    api: BotApi

    def __post_init__(self) -> None:
        self.api.webhook = self.deliver
        self.api.registered = {
            "url": f"https://chat.example.org{PATH}", "secret_token": SECRET, "allowed_updates": list(ALLOWED),
        }  # fmt: skip
        self.restart()

    def restart(self, **environ: str) -> None:
        """Start the application again, with other settings perhaps."""
        self.service.environ |= environ
        self.client: FlaskClient = create_app(self.service.environ).test_client()

    def deliver(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        answer = self.client.post(PATH, data=body, headers=dict(headers))
        return answer.status_code, dict(answer.headers), answer.data

    def says(self, chat: int, text: str | None = None, **content: Any) -> str:
        """Have somebody send a message; what the bot says to it, nothing where it says nothing."""
        before = len(self.api.chat(chat).said())
        self.api.send(chat, text, **content)
        self.api.run()
        return "\n".join(self.api.chat(chat).said()[before:])

    def reach(self, chat: int, *texts: str) -> str:
        """Come to the chat and write these; what the last one was answered with."""
        return [self.says(chat, text) for text in ("/start", *texts)][-1]

    def errands(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The errands that wait, opened; they go on waiting."""
        return [(opened.kind, opened.letter) for opened in self._taken()]

    def work(self) -> list[str]:
        """Run all errands that wait, as a worker does, and return their kinds."""
        by_kind = runners(_telegram(self.service.environ))
        done = []
        for opened in self._taken():
            by_kind[opened.kind](opened.subject, opened.letter)
            done.append(opened.kind)
        with queue_of(self.service) as (database, _), database.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM later_work WHERE kind LIKE 'telegram.%'")
        return done

    def work_in_order(self) -> None:
        """Run all errands that wait, each when those before it are done."""
        by_kind, later = runners(_telegram(self.service.environ)), datetime.now(UTC) + timedelta(seconds=30)
        with queue_of(self.service) as (_, queue):
            while due := queue.due(list(by_kind), later):
                for taken in queue.take(due[0], 100, later):
                    opened = queue.opened(taken, later)
                    assert opened is not None
                    by_kind[opened.kind](opened.subject, opened.letter)
                    queue.done(taken)

    def _taken(self) -> list[Opened]:
        later = datetime.now(UTC) + timedelta(seconds=30)
        found = []
        with queue_of(self.service) as (database, queue):
            for kind in runners(_telegram(self.service.environ)):
                found += [queue.opened(taken, later) for taken in queue.take(kind, 100, later)]
            with database.transaction() as connection:
                connection.exec_driver_sql("UPDATE later_work SET due_at = 0")
        return [opened for opened in found if opened is not None]


@contextmanager
def queue_of(service: Service) -> Iterator[tuple[Database, ErrandQueue]]:
    """The database and the queue of an instance."""
    database = service.database
    yield database, ErrandQueue(database, service.keys)
    database.close()


def _telegram(environ: Mapping[str, str]) -> Any:
    return read_settings(environ).telegram


@pytest.fixture
def product(tmp_path: Path, sqlite_url: str, make_instance: MakeInstance) -> Iterator[Product]:
    """An instance on SQLite with nothing but a bot. Its log is looked through for what came along."""
    home = tmp_path / "home"
    make_instance(home, sqlite_url)
    with BotApi(TOKEN) as api, logged() as log:
        environ = {
            "TADA_HOME": str(home),
            "TADA_DATABASE_URL": sqlite_url,
            "TADA_RATE_LIMITS": "off",
            "TADA_TELEGRAM_TOKEN": TOKEN,
            "TADA_TELEGRAM_SECRET": SECRET,
            "TADA_TELEGRAM_API_BASE": api.url,
        }
        service = Service(home, sqlite_url, environ, log, lambda: tmp_path.glob("*.sqlite3*"))
        yield Product(service, api)
        kept = service.everything_kept()
        for told in (b"anary", str(ANN).encode(), TOKEN.encode(), SECRET.encode()):
            assert told not in kept, told
