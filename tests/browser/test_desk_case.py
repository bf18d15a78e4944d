"""The page of a case in a real browser: covered, printed, by keyboard, on a phone, and when it changes elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from flows.vocabulary import LANGUAGES, Language
from storage.casework import claim_case
from storage.erasing import destroy_case
from storage.schema import cases, sessions
from tests.browser.at_the_desk import LINKS, STORY, Served, Sits, served
from tests.browser.looking import DESK, PHONE
from tests.storage.building import BuiltCase

HERE = "/desk/cases/TD-2345"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "home") as running:
        yield running


@pytest.fixture
def built(desk: Served) -> BuiltCase:
    return desk.waits("TD-2345", 30, links=3, flags=("threatened", "image_age_unsure"), language="zh_Hant_HK")


@pytest.fixture
def sits(sits: Sits, desk: Served, built: BuiltCase) -> Sits:
    """Mei has the case already."""
    claim_case(desk.instance.database, desk.instance.sign_in("Mei"), built.reference)
    return sits


@pytest.mark.parametrize(("size", "language"), [*zip((DESK, PHONE), LANGUAGES, strict=True)], ids=LANGUAGES)
def test_nothing_is_wrong_with_the_page_whatever_its_state(
    sits: Sits, desk: Served, size: dict[str, Any], language: Language
) -> None:
    mei = sits(language=language, **size)
    mei.open(HERE)
    mei.page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
    assert mei.faults() == []
    mei.page.locator("#cover-it").click()
    assert mei.faults() == []
    with desk.instance.database.transaction() as connection:
        connection.execute(update(cases).values(priority="urgent"))
    mei.open(HERE)
    assert mei.faults() == []


def test_how_it_is_safe_to_contact_stays_in_sight(sits: Sits) -> None:
    for size in (DESK, PHONE):
        page = sits(**size).open(HERE)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        for told in (page.locator(".safe strong"), page.get_by_text("唔好打電話")):
            expect(told.first).to_be_in_viewport()


def test_words_of_a_person_are_shown_and_nothing_more(sits: Sits) -> None:
    page = sits().open(HERE)
    told = page.locator(".answers blockquote", has_text="佢話").first
    assert told.evaluate("element => element.textContent") == STORY
    assert told.get_attribute("lang") == "zh-Hant-HK"
    assert page.locator("main img").count() == 0
    assert page.locator("main a[href^=http]").count() == 0


def test_everything_is_hidden_at_a_key_and_shown_at_the_same(sits: Sits) -> None:
    page = sits().open(HERE)
    page.keyboard.press("b")
    expect(page.locator("#cover")).to_be_visible()
    middle = "document.elementFromPoint(innerWidth / 2, 100).closest('#cover') !== null"
    assert page.evaluate(middle)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(
        "document.activeElement.closest('main') === null || document.activeElement.closest('#cover') !== null"
    )
    page.keyboard.press("b")
    expect(page.locator("#cover")).to_be_hidden()


def test_everything_is_hidden_when_nobody_is_there(sits: Sits) -> None:
    mei = sits()
    mei.page.clock.install()
    page = mei.open(HERE)
    page.clock.run_for(110_000)
    page.mouse.move(5, 5)
    page.clock.run_for(110_000)
    expect(page.locator("#cover")).to_be_hidden()
    page.clock.run_for(15_000)
    expect(page.locator("#cover")).to_be_visible()


def test_keys_lead_through_the_page(sits: Sits) -> None:
    page = sits().open(HERE)
    page.keyboard.press("l")
    expect(page.locator("#links")).to_be_in_viewport()
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("b n l")
    expect(page.locator("#note")).to_have_value("b n l")
    expect(page.locator("#cover")).to_be_hidden()


def test_several_links_are_ticked_copied_and_reported_and_a_slip_taken_back(sits: Sits) -> None:
    mei = sits()
    mei.context.add_init_script("navigator.clipboard.writeText = async text => { window.copied = text; }")
    page = mei.open(HERE)
    boxes = page.locator("input[name=link]")
    page.locator("[data-copy=inert]").click()
    expect(page.locator("#copied")).to_have_text("Copied: 3")
    assert page.evaluate("copied").splitlines()[1] == "hxxps://t[.]example/x\\u202egnp.exe"
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(boxes.nth(1)).to_be_checked()
    boxes.nth(2).click()
    page.locator("[data-copy=exact]").click()
    assert page.evaluate("copied") == "\n".join(LINKS[:2])
    page.locator("#status").select_option("reported")
    page.locator("#reported-to").select_option("platform")
    page.locator("#whom").fill("Forum")
    page.locator("#links-form button").click()
    expect(page.locator("td.far", has_text="Forum")).to_have_count(2)
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("td.far", has_text="New")).to_have_count(3)


def test_on_paper_stands_the_case_and_who_printed_it(sits: Sits) -> None:
    page = sits().open(HERE)
    page.emulate_media(media="print")
    expect(page.locator(".print-only")).to_contain_text("Printed by Mei")
    for shown in ("#answers", ".safe", "table.links", ".timeline", "h1"):
        expect(page.locator(shown).first).to_be_visible()
    for hidden in (".bar", ".acts-row", "#note", "#links-form", "#cover-it", "input[name=link] >> nth=0"):
        expect(page.locator(hidden)).to_be_hidden()
    page.emulate_media(media="screen")
    page.keyboard.press("b")
    page.emulate_media(media="print")
    expect(page.locator("#answers")).to_be_hidden()


def test_what_changes_elsewhere_is_said_and_nothing_is_moved(sits: Sits, built: BuiltCase) -> None:
    mei = sits()
    mei.page.clock.install()
    page = mei.open(HERE)
    page.locator("#note").fill("half a note")
    built.add([("message", "Please call", "add")])
    page.clock.run_for(10_500)
    expect(page.locator("#changed")).to_be_visible()
    expect(page.locator("#note")).to_have_value("half a note")
    page.locator("#changed a").click()
    expect(page.locator(".timeline")).to_contain_text("Please call")


def test_what_is_written_in_two_tabs_at_once_is_kept_twice(sits: Sits) -> None:
    mei = sits()
    one, other = mei.open(HERE), mei.context.new_page()
    other.goto(one.url)
    one.locator("#note").fill("written here")
    other.locator("#note").fill("written there")
    for page in (one, other):
        page.locator("form[action$='/notes'] button").last.click()
        page.wait_for_load_state()
    for note in ("written here", "written there"):
        expect(other.locator(".timeline")).to_contain_text(note)
    other.go_back()
    other.reload()
    expect(other.locator(".timeline")).to_contain_text("written here")
    assert other.locator(".timeline").inner_text().count("written there") == 1


def test_of_a_case_that_was_erased_nothing_stays_on_the_screen(
    sits: Sits, desk: Served, built: BuiltCase
) -> None:
    mei = sits()
    mei.page.clock.install()
    page = mei.open(HERE)
    with desk.instance.database.transaction() as connection:
        destroy_case(connection, built.id)
    page.clock.run_for(10_500)
    expect(page.locator("main")).to_contain_text("It may have been erased")
    assert "阿晴" not in page.content()


def test_a_long_note_outlives_the_sign_in(sits: Sits, desk: Served) -> None:
    mei = sits()
    mei.page.clock.install()
    page = mei.open(HERE)
    page.locator("#note").fill("a long note")
    with desk.instance.database.transaction() as connection:
        earlier = int((datetime.now(UTC) - timedelta(minutes=16)).timestamp())
        connection.execute(update(sessions).values(seen_at=earlier))
    page.clock.run_for(10_500)
    expect(page.locator("main")).to_contain_text("What you wrote is still here")
    assert "阿晴" not in page.content()
    page.locator("main button", has_text="Save").click()
    expect(page.locator("main")).to_contain_text("What you wrote is kept")


def test_whoever_leaves_the_page_alone_is_led_to_sign_in(sits: Sits, desk: Served) -> None:
    mei = sits()
    mei.page.clock.install()
    page = mei.open(HERE)
    with desk.instance.database.transaction() as connection:
        connection.execute(sessions.delete())
    page.clock.run_for(10_500)
    expect(page.locator("h1")).to_have_text("Sign in")
