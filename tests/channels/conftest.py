"""A real instance with every channel switched on, and a network that lets nothing out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage import database, schema
from tests.channels.denied.sitecustomize import deny
from tests.channels.harness import NEVER_KEPT, NEVER_LOGGED, PUBLIC_URL, Channel
from tests.channels.registry import CHANNELS
from tests.conftest import MakeInstance
from tests.promises.conftest import Service, logged
from webhook import create_app


@pytest.fixture(params=CHANNELS, ids=lambda channel: channel.name)
def channel(request: pytest.FixtureRequest) -> Channel:
    """Each channel in turn."""
    found: Channel = request.param
    return found


@pytest.fixture
def calls_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whom anybody tried to call. Nobody is reached but this machine."""
    tried: list[str] = []
    deny(tried.append, monkeypatch.setattr)
    return tried


@pytest.fixture
def service(
    tmp_path: Path, make_instance: MakeInstance, request: pytest.FixtureRequest, calls_out: list[str]
) -> Iterator[Service]:
    """An instance on SQLite, or on what a test names by `parametrize("service", …, indirect=True)`.

    After every test it holds no name, number, caption or place that came along with a message, in no file and
    no line of the log, and nobody was called.
    """
    url = request.getfixturevalue(getattr(request, "param", "sqlite_url"))
    home = tmp_path / "home"
    make_instance(home, url)
    environ = {
        "TADA_HOME": str(home),
        "TADA_DATABASE_URL": url,
        "TADA_RATE_LIMITS": "off",
        "TADA_PUBLIC_URL": PUBLIC_URL,
    }
    for each in CHANNELS:
        environ |= each.settings
    with logged() as log:
        made = Service(home, url, environ, log, lambda: tmp_path.glob("*.sqlite3*"))
        yield made
        kept = made.everything_kept()
        assert [name for name in NEVER_KEPT if name.encode() in kept] == []
        assert [name for name in NEVER_LOGGED if name in log.getvalue()] == []
        assert calls_out == []


Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def store_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> Away:
    """Makes the database of `service` one that somebody else holds, as `with store_away():`."""
    # Waiting the usual five seconds shows nothing more.
    monkeypatch.setattr(database, "_SQLITE_PRAGMAS", (*database._SQLITE_PRAGMAS, "PRAGMA busy_timeout = 20"))
    service.app = create_app(service.environ)
    return lambda: held(service)


@pytest.fixture
def start_again(service: Service) -> Callable[[dict[str, str]], None]:
    """Starts the application again, with other settings."""

    def start(settings: dict[str, str]) -> None:
        service.app = create_app(service.environ | settings)

    return start


@pytest.fixture
def rate_limits(service: Service) -> None:
    """Switches the limits on."""
    service.app = create_app(service.environ | {"TADA_RATE_LIMITS": "on"})


@contextmanager
def held(service: Service) -> Iterator[None]:
    """Hold the SQLite database, as an operator's shell might."""
    other = sqlite3.connect(
        service.database_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def rows_kept(service: Service) -> dict[str, list[Any]]:
    """Every row of every table, as it is stored."""
    opened = service.database
    with opened.reading() as connection:
        rows = {
            table.name: sorted(map(repr, connection.execute(table.select()).all()))
            for table in schema.metadata.sorted_tables
        }
    opened.close()
    return rows
