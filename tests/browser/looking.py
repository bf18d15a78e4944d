"""A page as a person meets it, with somebody watching what no page of ours may do."""

from __future__ import annotations

import importlib.resources
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Request, Route

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SMALL: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "is_mobile": False, "has_touch": False}
LOCALES = {"en": "en-GB", "zh_Hant_HK": "zh-HK"}

Connection = Literal["good", "lost", "one way", "held"]

NEUTRAL = "www.hko.gov.hk"

AXE = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js")


class Watched:
    """A page in a context of its own.

    Attributes:
        connection: what the connection is like for messages; `one way` takes them and loses the answers.
        held: messages that wait while the connection is `held`.
        sent: bodies of the messages that left the page, in order.
        outside: addresses asked for that are neither ours nor the neutral page.
        neutral_visits: how often the neutral page was asked for.
    """

    def __init__(self, browser: Browser, address: str, language: str = "en", **options: Any) -> None:
        self._context = browser.new_context(
            locale=LOCALES[language], ignore_https_errors=True, **(PHONE | options)
        )
        self._context.set_default_timeout(10_000)
        self._scripted = options.get("java_script_enabled", True)
        self.address = address
        self.neutral_visits = 0
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.connection: Connection = "good"
        self.held: list[Route] = []
        self._context.on("request", self._look_at)
        self._context.route("**/chat/messages", self._let_pass)
        self.page = self._context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(f"script: {error.name}"))

    def finish(self) -> None:
        """Close the page, and say what it did that it may not do."""
        cookies, outside, errors = self._context.cookies(), self.outside, self.errors
        self._context.close()
        assert (cookies, outside, errors) == ([], [], [])

    def _look_at(self, request: Request) -> None:
        if urlsplit(request.url).hostname == NEUTRAL:
            self.neutral_visits += 1
        elif not request.url.startswith(self.address):
            self.outside.append(request.url)

    def _let_pass(self, route: Route, request: Request) -> None:
        if request.method == "POST":
            self.sent.append(request.post_data_json or {})
        match self.connection:
            case "good":
                route.continue_()
            case "lost":
                route.abort()
            case "one way":
                route.fetch()
                route.abort()
            case "held":
                self.held.append(route)

    def _hear(self, message: ConsoleMessage) -> None:
        # A browser reports every refused or broken request; those are what some tests are about.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    # ------------------------------------------------------------ what a person does

    def open(self, path: str = "/") -> Watched:
        self.page.goto(self.address + path)
        return self

    def begin(self) -> Watched:
        """Open the page and press the button."""
        self.open()
        self._press(self.page.locator("#start button"))
        return self

    def press(self, choice: str) -> None:
        """Press the button of a choice."""
        self._press(self.page.locator(f"#answers button[value='{choice}']"))

    def choose(self, *choices: str, by: str = "button[name=chosen]") -> None:
        """Tick several choices and confirm them."""
        for choice in choices:
            self.page.locator(f"label:has(input[value='{choice}'])").click()
        self._press(self.page.locator(by))

    def write(self, text: str) -> None:
        """Write into the box and send it."""
        self.page.locator("#text").fill(text)
        self._press(self.page.locator("#send"))

    def say(self, name: str) -> None:
        """Press one of the quiet buttons."""
        self._press(self.page.locator(f"button[name=say][value='{name}']"))

    def _press(self, button: Locator) -> None:
        if not self._scripted:
            with self.page.expect_navigation():
                button.click()
            return
        before = self.page.locator("#log .message").count()
        button.click()
        self.page.locator("#log .message").nth(before).wait_for()
        self.settled()

    def settled(self) -> None:
        """Wait until what was sent is answered."""
        self.page.locator("main:not([aria-busy=true])").wait_for()

    # ------------------------------------------------------------ what a person sees

    @property
    def last(self) -> str:
        """The newest message of the assistant."""
        return self.page.locator("#log .message:not(.you)").last.inner_text()

    @property
    def status(self) -> str:
        return self.page.locator("#status").inner_text()

    @property
    def typed(self) -> str:
        return self.page.locator("#text").input_value()

    def offered(self) -> list[str]:
        """The ids of the choices that can be pressed or ticked."""
        boxes = self.page.locator("#answers [name^=choice]")
        return [box.get_attribute("value") or "" for box in boxes.all()]

    def faults(self) -> list[str]:
        """What axe finds, as rule and place."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{fault['id']}: {node['target']}" for fault in found["violations"] for node in fault["nodes"]
        ]

    def overflows(self) -> bool:
        """Whether the page is wider than the screen."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))
