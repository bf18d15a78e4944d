"""A real browser before the real application. Every page is watched, whatever its test is about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from storage.setup import initialise
from tasks import find_browser
from tests.browser.looking import Watched
from tests.browser.neutral import weather
from webhook import create_app

FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # the tests may run as root, and open nothing but our own pages
]


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """The application logs requests itself."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser") / "home"


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """Where the web chat is served."""
    environ = {"TADA_HOME": str(home), "TADA_RATE_LIMITS": "off"}
    initialise(home, f"sqlite:///{home}/tada.sqlite3")
    server = make_server("127.0.0.1", 0, create_app(environ), threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for which every other site is the neutral page, so that nothing leaves this machine."""
    path = find_browser()
    if path is None:
        pytest.fail("There is no Chromium here: `make test` finds or installs one.", pytrace=False)
    with weather(tmp_path_factory.mktemp("weather")) as port:
        elsewhere = f"--host-resolver-rules=MAP * 127.0.0.1:{port}, EXCLUDE 127.0.0.1"
        started = playwright.chromium.launch(executable_path=path, args=[*FLAGS, elsewhere])
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Watched]]:
    """Opens pages in a context of their own; afterwards each must have kept what every page promises."""
    opened: list[Watched] = []

    def open_page(**options: Any) -> Watched:
        opened.append(Watched(browser, address, **options))
        return opened[-1]

    yield open_page
    for watched in opened:
        watched.finish()
