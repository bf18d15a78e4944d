"""A real browser before the real application. Every page is watched, whatever its test is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from storage.setup import initialise
from tasks import find_browser
from tests.browser.at_the_desk import AtDesk, Served, Sits
from tests.browser.looking import Watched
from tests.browser.neutral import weather
from tests.browser.serving import serving
from webhook import create_app

FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A page is open for a second or two: no script of it runs long enough to be worth optimising.
    "--js-flags=--no-opt,--no-maglev",
    "--no-sandbox",  # the tests may run as root, and open nothing but our own pages
]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser") / "home"


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """Where the web chat is served."""
    environ = {"TADA_HOME": str(home), "TADA_RATE_LIMITS": "off"}
    initialise(home, f"sqlite:///{home}/tada.sqlite3")
    with serving(create_app(environ)) as here:
        yield here


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
        elsewhere = f"--host-resolver-rules=MAP * 127.0.0.1:{port}, EXCLUDE 127.0.0.1, EXCLUDE localhost"
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


@pytest.fixture
def sits(browser: Browser, desk: Served) -> Iterator[Sits]:
    """Puts Mei, a supervisor, before a browser; afterwards no page may have done what it may not."""
    sitting: list[AtDesk] = []
    cookie = desk.colleague("Mei")

    def sit(**options: Any) -> AtDesk:
        sitting.append(AtDesk(browser, desk, cookie, **options))
        return sitting[-1]

    yield sit
    for each in sitting:
        each.finish()
