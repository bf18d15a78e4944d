"""The whole product with WhatsApp switched on, Twilio's stand-in, and the background work done by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest

from bot.door import Door
from bot.limits import Limits
from bot.receive import Reception
from bot.whatsapp.errands import runners
from bot.whatsapp.missed import rounds
from locales import Words
from settings import Twilio, read_settings
from storage.errand_queue import ErrandQueue
from storage.intake import Intake
from tests.bot.working import ByHand
from tests.conftest import MakeInstance
from tests.promises.conftest import Service, logged
from tests.providers.twilio import FakeTwilio, User, serving

PUBLIC_URL = "https://chat.example.org"
ROUTE = "/webhooks/whatsapp"


@dataclass
class Product(ByHand):
    """An instance, and whoever writes to it by WhatsApp."""

    service: Service
    twilio: FakeTwilio
    settings: Twilio

    def __post_init__(self) -> None:
        self.database = self.service.database
        self.queue = ErrandQueue(self.database, self.service.keys)
        self.runners = runners(self.settings)

    def waits(self, seconds: float) -> Self:
        """Let time go by, at Twilio too."""
        self.twilio.now += seconds
        return super().waits(seconds)

    def settle(self) -> None:
        """Let everything happen that a message leads to, until nothing is left to do."""
        self.work()
        for _ in range(4):
            self.twilio.tell_statuses()
            self.waits(600).work()

    def look_for_missed(self, limits: Limits | None = None) -> None:
        """Do the round that finds messages which nobody took."""
        home = self.service.home
        words = Words.load()
        intake = Intake(self.database, self.service.keys, home / "erased")
        door = Door(Reception(intake, words), limits or Limits())
        for each in rounds(self.settings, PUBLIC_URL, door, words, lambda: self.now):
            each()

    def said_to(self, user: User) -> str:
        """The last that this person was sent."""
        return self.twilio.to(user)[-1].text


Make = Callable[..., Product]


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, make_instance: MakeInstance) -> Path:
    """The home of an instance that was just made."""
    make_instance(tmp_path / "home", sqlite_url)
    return tmp_path / "home"


@pytest.fixture
def make_product(home: Path, tmp_path: Path, sqlite_url: str) -> Iterator[Make]:
    """Builds an instance with more settings: `make_product(buttons="on")`."""
    with logged() as log, serving(FakeTwilio(_nobody, PUBLIC_URL + ROUTE)) as twilio:

        def make(**more: str) -> Product:
            environ = {
                "TADA_HOME": str(home),
                "TADA_DATABASE_URL": sqlite_url,
                "TADA_RATE_LIMITS": "off",
                "TADA_PUBLIC_URL": PUBLIC_URL,
                "TADA_TWILIO_ACCOUNT_SID": twilio.account_sid,
                "TADA_TWILIO_AUTH_TOKEN": twilio.auth_token,
                "TADA_TWILIO_NUMBER": twilio.number,
                "TADA_TWILIO_API_BASE": twilio.base,
            } | {f"TADA_TWILIO_{name.upper()}": value for name, value in more.items()}
            service = Service(home, sqlite_url, environ, log, lambda: tmp_path.glob("*.sqlite3*"))
            twilio.post = poster(service)
            settings = read_settings(environ).twilio
            assert settings is not None
            return Product(service, twilio, settings)

        yield make
        assert "Traceback" not in log.getvalue()


@pytest.fixture
def product(make_product: Make) -> Product:
    return make_product()


def poster(service: Service) -> Callable[[str, bytes, Mapping[str, str]], tuple[int, str, bytes]]:
    """Posts to the application, as a proxy does that calls it by another name."""

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        target = urlsplit(url)
        path = f"{target.path}?{target.query}" if target.query else target.path
        client = service.app.test_client()
        answer = client.post(path, data=body, headers={**headers, "Host": "internal:8000"})
        return answer.status_code, answer.headers.get("Content-Type", ""), answer.data

    return post


def _nobody(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
    raise ConnectionRefusedError
