"""Every page of the desk for everybody: what axe finds, in both languages, on a desktop and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from desk.access import ACCESS
from flows.vocabulary import LANGUAGES
from tests.browser.at_the_desk import served
from tests.browser.desk_pages import NO_PAGES, STOPS, Living

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with served(tmp_path_factory.mktemp("living") / "home") as desk:
        living = Living(desk)
        yield living
        living.leave()


def test_every_page_is_looked_at() -> None:
    pages = {rule for method, rule in ACCESS if method == "GET"} - NO_PAGES
    assert pages - {stop.rule for stop in STOPS.values()} == set()


@pytest.mark.parametrize("name", STOPS)
def test_nothing_is_wrong_with_a_page(browser: Browser, living: Living, name: str) -> None:
    wrong = {}
    for language in LANGUAGES:
        here = living.stand_before(browser, STOPS[name], language)
        here.unfold()
        for width in WIDTHS:
            here.page.set_viewport_size({"width": width, "height": 900})
            # Each scheme at each width, and each in each language: all eight would find nothing more.
            scheme: Any = SCHEMES[(LANGUAGES.index(language) + WIDTHS.index(width)) % 2]
            if faults := here.faults(scheme):
                wrong[language, width] = faults
        here.check()
    assert wrong == {}
