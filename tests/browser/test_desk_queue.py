"""The queue in a real browser: by keyboard, by itself, on a phone, and without a script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from flows.vocabulary import LANGUAGES, Language
from storage.days import day_of
from storage.schema import cases
from tests.browser.at_the_desk import Served, Sits, served
from tests.browser.looking import DESK, PHONE


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "home") as running:
        running.waits("TD-2345", 30, priority="urgent", reason="danger", flags=("danger", "threatened"))
        running.waits("TD-6789", 5, links=3, priority="high", reason="many_links", channel="whatsapp")
        running.waits("TD-ABCD", 1, language="zh_Hant_HK")
        yield running


@pytest.mark.parametrize(("size", "language"), [*zip((DESK, PHONE), LANGUAGES, strict=True)], ids=LANGUAGES)
def test_nothing_is_wrong_with_the_page_whatever_its_state(
    sits: Sits, size: dict[str, Any], language: Language
) -> None:
    mei = sits(language=language, **size)
    mei.open("/desk/queue")
    assert mei.faults() == []
    mei.page.keyboard.press("?")
    expect(mei.page.locator("#keys")).to_be_visible()
    assert mei.faults() == []
    mei.open("/desk/queue?view=closed&priority=high")
    assert mei.faults() == []


def test_the_queue_is_worked_by_keyboard(sits: Sits) -> None:
    page = sits().open("/desk/queue")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator("[aria-selected=true]")).to_have_attribute("data-ref", "TD-6789")
    page.keyboard.press("x")
    expect(page.locator("#chosen-count")).to_have_text("Chosen: 1")
    page.keyboard.press("c")
    expect(page.locator(".notice.ok")).to_contain_text("It is yours now")
    expect(page.locator("[data-ref=TD-6789]")).to_contain_text("you")
    assert [cell for cell in page.locator("[data-ref=TD-6789] td").all() if _is_hidden(cell)] == []
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("td-abcd")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("TD-ABCD")
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page.locator("h1")).to_have_text("Queue")
    page.wait_for_load_state()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("TD-2345")


def _is_hidden(cell: Locator) -> bool:
    """Whether there are words in a cell for those alone who listen to the page."""
    return bool(cell.inner_text().strip()) and bool(
        cell.evaluate("cell => getComputedStyle(cell).clipPath != 'none'")
    )


def test_enter_in_a_box_presses_nothing(sits: Sits, desk: Served) -> None:
    page = sits().open("/desk/queue")
    page.locator("[data-ref=TD-2345] input").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.locator("[data-ref=TD-2345] input")).to_be_checked()
    with desk.instance.database.reading() as connection:
        assert {row.state for row in connection.execute(cases.select())} == {"queued"}


def test_what_comes_is_put_in_without_moving_anything(sits: Sits, desk: Served) -> None:
    for n in range(30):
        desk.waits(f"TD-M{n:02d}X", 1)
    mei = sits()
    mei.page.clock.install()
    page = mei.open("/desk/queue")
    row = page.locator("[data-ref=TD-M20X]")
    row.locator("input").check()
    row.locator("a").focus()
    # Whoever looks at the top sees the new row push the others down; further below nothing moves.
    page.evaluate("scrollTo(0, 300)")
    before = row.bounding_box()
    desk.waits("TD-NEW2", 0, raised=True, raised_on=day_of(datetime.now(UTC)), flags=("human",))
    page.clock.run_for(5_500)
    expect(page.locator("[data-ref=TD-NEW2]")).to_have_class("normal raised came")
    expect(page.locator("#news")).to_have_text("New in the queue: 1")
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    assert page.evaluate("document.activeElement.textContent") == "TD-M20X"
    expect(row.locator("input")).to_be_checked()


def test_a_lost_connection_is_said_and_forgotten_when_it_is_back(sits: Sits) -> None:
    mei = sits()
    mei.page.clock.install()
    page = mei.open("/desk/queue")
    mei.context.set_offline(True)
    page.clock.run_for(5_500)
    expect(page.locator("#news")).to_contain_text("No connection just now")
    mei.context.set_offline(False)
    page.clock.run_for(5_500)
    expect(page.locator("#news")).to_have_text("")


def test_everything_works_without_a_script(sits: Sits) -> None:
    page = sits(java_script_enabled=False).open("/desk/queue")
    page.locator("[data-ref=TD-ABCD] input").check()
    page.locator("[data-ref=TD-6789] input").check()
    page.locator(".bulk button").first.click()
    page.locator("#views a", has_text="Mine").click()
    assert page.locator("[data-ref]").count() == 2
    page.locator("summary", has_text="Filters").click()
    page.locator("#channel").select_option("whatsapp")
    page.locator(".filters button").click()
    assert page.locator("[data-ref]").all_inner_texts()[0].strip().startswith("TD-6789")
