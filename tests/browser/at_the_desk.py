"""A desk that is served, with a case in its queue, and colleagues before browsers of their own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from playwright.sync_api import Browser, BrowserContext, Page

import bot.web
from bot.headers import DESK_HEADERS, add_headers
from desk import Options, create_desk
from flows.vocabulary import Language
from locales import Words
from storage.database import Database
from storage.keys import KeyDirectory
from storage.recovery import RecoveryKey
from storage.sessions import begin_session, open_session, resume_session
from storage.setup import initialise
from storage.signing_in import check_and_open
from storage.staff import Role
from tests.browser.looking import AXE, DESK, LOCALES
from tests.browser.serving import serving
from tests.storage.building import CHEAP, PASSWORD, BuiltCase, Given, Instance

LINKS = (
    "https://www.forum.example/a?b=1",
    "https://t.example/x\u202egnp.exe",
    "https://drive.example/" + "z" * 300,
)
STORY = (
    "佢話如果我唔返去就會發俾我屋企人。\n<img src=x onerror=alert(1)><script>alert(1)</script>\n" + "長" * 500
)


_AXE = AXE.read_text(encoding="utf-8")


@contextmanager
def served(home: Path, **more: Any) -> Iterator[Served]:
    """Serve a desk of its own, in which one supervisor works; `more` are options of the desk."""
    instance = begun(home)
    shared = Path(bot.web.__file__).parent / "static"
    options = Options(None, shared, closed_days=90, journal=home / "erased", parameters=CHEAP, **more)
    app = create_desk(options, instance.database, instance.keys, Words.load())
    add_headers(app, DESK_HEADERS)
    with serving(app) as address:
        yield Served(instance, address)
    instance.database.close()


def begun(home: Path) -> Instance:
    """Make an instance in which one supervisor works."""
    url = f"sqlite:///{home}/tada.sqlite3"
    made = initialise(home, url)
    assert made.recovery_key_text is not None
    instance = Instance(Database.open(url), KeyDirectory(home / "keys"), made.recovery_key_text)
    instance.add("First", "supervisor")
    return instance


class Served:
    """A desk at an address."""

    def __init__(self, instance: Instance, address: str) -> None:
        self.instance = instance
        self.address = address

    def waits(self, reference: str, hours: float = 1, links: int = 0, **more: Any) -> BuiltCase:
        """Put a case into the queue."""
        at = datetime.now(UTC) - timedelta(hours=hours)
        consent = {
            "version": "2026-11-22.2",
            "language": "zh_Hant_HK",
            "at": at.isoformat(timespec="seconds"),
        }
        safety = {"times": ["evening"], "discreet_only": True, "text": "唔好打電話"}
        given: list[Given] = [
            ("consent", consent),
            ("name", "阿晴"),
            ("contact_method", "whatsapp"),
            ("contact_detail", "+852 5555 0123"),
            ("contact_safety", safety),
            ("background", ["threatened"]),
            ("story", STORY, "add"),
            ("links", [_link(url) for url in LINKS[:links]], "add"),
        ]
        return BuiltCase(self.instance, reference).submit(given, ["other"] * links, at=at, **more)

    def colleague(self, name: str, role: Role = "supervisor") -> str:
        """Add a colleague who is signed in; returns what stands in their cookie."""
        instance, now = self.instance, datetime.now(UTC)
        instance.add(name, role, RecoveryKey.from_text(instance.recovery_key))
        staff_id, private = check_and_open(instance.database, name, PASSWORD, CHEAP)
        with instance.database.transaction() as connection:
            secret = begin_session(connection, staff_id, private, "password", now)
        secret = open_session(instance.database, resume_session(instance.database, secret, now), now)
        return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _link(url: str) -> dict[str, str]:
    return {"url": url, "normalised": url, "host": "forum.example", "platform": "other"}


class Desk(Protocol):
    """Where a desk is served."""

    @property
    def address(self) -> str:
        """Its address, without a slash at the end."""


class AtDesk:
    """A colleague before a browser, signed in where there is a cookie.

    Nothing may be asked for elsewhere, and no script may fail.
    """

    def __init__(
        self, browser: Browser, desk: Desk, cookie: str = "", language: Language = "en", **options: Any
    ) -> None:
        self.desk = desk
        self.context: BrowserContext = browser.new_context(
            locale=LOCALES[language], reduced_motion="reduce", **(DESK | options)
        )
        self.context.set_default_timeout(10_000)
        if cookie:
            self.context.add_cookies([{"name": "desk", "value": cookie, "url": desk.address}])
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.context.on("request", self._look_at)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(error.name or "error"))
        self.page.on("dialog", lambda dialog: self.errors.append(dialog.message))

    def _look_at(self, request: Any) -> None:
        if not request.url.startswith(self.desk.address):
            self.outside.append(request.url)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    def open(self, path: str) -> Page:
        """Go to a page."""
        self.page.goto(self.desk.address + path)
        return self.page

    def unfold(self) -> None:
        """Open whatever is folded."""
        self.page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")

    def faults(self, *schemes: Literal["light", "dark"]) -> list[str]:
        """What axe finds, in light and in dark or in one of them."""
        found = []
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_AXE)
        for scheme in schemes or ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            told = self.page.evaluate("axe.run({resultTypes: ['violations']})")
            found += [
                f"{scheme} {fault['id']}: {node['target']}"
                for fault in told["violations"]
                for node in fault["nodes"]
            ]
        return found + self.too_wide()

    def too_wide(self) -> list[str]:
        """Whether the page is wider than the screen."""
        wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return ["wider than the screen"] if wide else []

    def finish(self) -> None:
        """Close the browser, and say what a page did that it may not."""
        self.context.close()
        self.check()

    def check(self) -> None:
        """Say what a page did that it may not."""
        assert (self.outside, self.errors) == ([], [])


Sits = Callable[..., AtDesk]
