"""A colleague at the desk and a person in the web chat talk with each other, each in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from storage.intake import Intake
from storage.letters import send_letter
from tests.browser.at_the_desk import AtDesk, Served, begun
from tests.browser.looking import Watched
from tests.browser.serving import serving
from tests.storage.talking import Person
from webhook import create_app

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Served]:
    """Desk and chat, served together as one program."""
    home = tmp_path / "home"
    instance = begun(home)
    with serving(create_app({"TADA_HOME": str(home), "TADA_RATE_LIMITS": "off"})) as address:
        yield Served(instance, address)
    instance.database.close()


@pytest.fixture
def quick() -> None:
    """Nothing here waits longer than a look for news takes."""
    expect.set_options(timeout=12_000)


@pytest.fixture
def person(both: Served) -> Person:
    """Somebody whose case waits, and who has a case code."""
    home = both.instance.keys.path.parent
    intake = Intake(both.instance.database, both.instance.keys, home / "erased")
    safety = {"times": ["evening"], "discreet_only": True, "text": "唔好打電話"}
    person = Person(intake, now=datetime.now(UTC)).drafts().answers("contact_safety", safety)
    return person.answers("story", "what happened", "add").submits()


@pytest.fixture
def mei(browser: Browser, both: Served) -> Iterator[AtDesk]:
    colleague = AtDesk(browser, both, both.colleague("Mei"))
    yield colleague
    colleague.finish()


def chat_of(browser: Browser, both: Served, **options: Any) -> Watched:
    """A person's chat, begun in English."""
    chat = Watched(browser, both.address, **options)
    chat.page.goto(both.address)
    chat.page.locator("#start button").click()
    chat.page.get_by_role("button", name="English").last.click()
    return chat


def write(chat: Watched, text: str) -> None:
    chat.page.locator("#text").fill(text)
    chat.page.locator("#send").click()
    expect(chat.page.locator("#text")).to_have_value("")


@pytest.mark.longest
def test_the_two_talk_both_ways_and_afterwards_the_assistant_goes_on(
    browser: Browser, both: Served, mei: AtDesk, person: Person
) -> None:
    here = f"/desk/cases/{person.reference}"
    chat = chat_of(browser, both)
    write(chat, person.code)
    log = chat.page.locator("#log")
    expect(log).to_contain_text("No message is waiting for you")

    desk = mei.open(here)
    expect(desk.locator(".talk")).to_contain_text("opened the chat with their case code just now")
    desk.locator("#say").fill("Good evening, this is Mei. Is now a good time?")
    desk.get_by_role("button", name="Send").click()
    expect(log.locator(".caseworker")).to_contain_text("this is Mei")
    expect(chat.page.locator("#status")).to_contain_text("What you write goes to them")
    expect(desk.locator("#said")).to_contain_text("delivered")

    said_before = log.locator(".assistant").count()
    write(chat, "yes")
    expect(desk.locator("#said .theirs")).to_contain_text("yes")
    assert log.locator(".assistant").count() == said_before

    desk.locator("#say").fill("Then let us begin.")
    desk.get_by_role("button", name="Send").click()
    expect(log.locator(".caseworker")).to_have_count(2)
    expect(desk.locator("#said .ours")).to_have_count(2)
    desk.reload()
    assert mei.faults() == []
    desk.get_by_role("button", name="Leave the chat to the assistant").click()
    write(chat, "thank you for your time tonight")
    expect(log).to_contain_text("Our colleague is no longer in this chat")
    expect(chat.page.locator("#answers button")).not_to_have_count(0)
    desk.goto(both.address + here)
    expect(desk.locator("#said .theirs")).to_have_count(2)
    chat.finish()


@pytest.mark.parametrize("scripted", [True, False])
def test_who_comes_back_by_code_finds_what_was_written(
    browser: Browser, both: Served, person: Person, scripted: bool
) -> None:
    mei = both.instance.added("Mei", "supervisor", both.instance.sign_in("First"))
    send_letter(both.instance.database, mei, person.reference, "Two of three are gone.")
    chat = chat_of(browser, both, java_script_enabled=scripted)
    chat.page.locator("#text").fill(person.code)
    chat.page.locator("#send").click()
    log = chat.page.locator("#log")
    expect(log).to_contain_text("One message from our colleague follows")
    expect(log.locator(".caseworker")).to_contain_text("Two of three are gone.")
    chat.page.locator("#text").fill("that is good to hear, thank you")
    chat.page.locator("#send").click()
    expect(chat.page.locator("#text")).to_have_value("")
    expect(log.locator(".caseworker")).to_have_count(1 if scripted else 0)
    chat.finish()
