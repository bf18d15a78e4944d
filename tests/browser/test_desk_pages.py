"""Every page of the desk for everybody: what axe finds, in both languages, on a desktop and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from desk.access import ACCESS
from flows.vocabulary import LANGUAGES
from tests.browser.at_the_desk import AtDesk, served
from tests.browser.desk_pages import NO_PAGES, STOPS, Living

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")

WATCH_FOCUS = """() => {
  const able = "a[href], button, input:not([type=hidden], [type=radio]), select, textarea, summary, [tabindex='0']";
  const shown = element => !element.disabled && element.checkVisibility({visibilityProperty: true});
  const pressed = document.querySelectorAll("main [data-key], main [data-passkey], main [hx-get]:not(section, div)");
  window.left = new Set([...document.querySelectorAll(able), ...pressed].filter(shown));
  window.unseen = [];
  document.addEventListener("focusin", ({target}) => {
    left.delete(target);
    if (getComputedStyle(target).outlineStyle === "none") unseen.push(target.outerHTML.slice(0, 90));
  });
  return left.size;
}"""
"""Has the page keep what was not yet reached, and what shows no sign of being reached."""


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with served(tmp_path_factory.mktemp("living") / "home", telegram_is_on=True) as desk:
        living = Living(desk)
        yield living
        living.leave()


def test_every_page_is_looked_at() -> None:
    pages = {rule for method, rule in ACCESS if method == "GET"} - NO_PAGES
    assert pages - {stop.rule for stop in STOPS.values()} == set()


@pytest.mark.parametrize("name", STOPS)
def test_everybody_can_use_a_page(browser: Browser, living: Living, name: str) -> None:
    wrong = {}
    # In each language, at each width and in each scheme; which of them meet differs from page to page.
    schemes: Any = SCHEMES if list(STOPS).index(name) % 2 else SCHEMES[::-1]
    for language, looked_at, scheme in zip(LANGUAGES, WIDTHS, schemes, strict=True):
        here = living.stand_before(browser, STOPS[name], language)
        if looked_at == WIDTHS[0]:
            walk_by_keyboard(here.page)
        here.unfold()
        for width in WIDTHS:
            here.page.set_viewport_size({"width": width, "height": 900})
            if faults := here.faults(scheme) if width == looked_at else here.too_wide():
                wrong[language, width] = faults
        here.check()
    assert wrong == {}


def walk_by_keyboard(page: Page) -> None:
    """Whatever can be pressed is reached, and is seen to be."""
    left = page.evaluate(WATCH_FOCUS)
    for _ in range(4):
        # The parts of a date are stops of their own, and the walk begins where the page puts it.
        for _ in range(left):
            page.keyboard.press("Tab")
        left = page.evaluate("left.size")
    assert page.evaluate("[...left].map(element => element.outerHTML.slice(0, 90))") == []
    assert page.evaluate("unseen") == []


def test_what_needs_a_script_is_not_offered_without_one(browser: Browser, living: Living) -> None:
    still = AtDesk(browser, living.desk, living.desk.colleague("Still"), java_script_enabled=False)
    offered = set()
    for stop in STOPS.values():
        if stop.press is None and stop.who == "supervisor":
            page = still.open((stop.path or stop.rule).format_map(living.names))
            offered |= {button.inner_text() for button in page.locator("button[type=button]:visible").all()}
    assert offered == set()
    still.finish()
