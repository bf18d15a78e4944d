"""A working day at the desk, from the first sign-in to the last case, with people on every channel.

The program runs as an operator starts it, background work and all; the providers are servers of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.at_the_desk import AtDesk
from tests.browser.looking import Watched
from tests.browser.providers import REFERENCE, Day, comes, day
from tests.browser.test_whole_conversation import give_everything

PASSWORD = "blue kettle under seven hills"
SLOW = 15_000
"""Milliseconds: a look for news, and the worker's, on a busy machine."""


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Day]:
    expect.set_options(timeout=SLOW)
    with day(tmp_path / "home") as running:
        yield running
        assert running.twilio.complaints + running.meta.complaints == []
        assert "Traceback" not in running.server.logged


@pytest.fixture
def sits(browser: Browser, works: Day) -> Iterator[Callable[[], AtDesk]]:
    sitting: list[AtDesk] = []

    def sit() -> AtDesk:
        sitting.append(AtDesk(browser, works))
        return sitting[-1]

    yield sit
    for each in sitting:
        each.finish()


def enrol(who: AtDesk, link: str, name: str = "") -> pyotp.TOTP:
    """Follow a link for the first time, choose a password, and set an authenticator app up."""
    page = who.page
    page.goto(link)
    if name:
        page.locator("#name").fill(name)
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.locator("main button").click()
    app = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    # The code of the half minute before, so that the one of now is left for signing in.
    page.locator("#code").fill(app.at(datetime.now(UTC) - timedelta(seconds=30)))
    page.locator("main button").click()
    expect(page.locator(".codes li")).to_have_count(10)
    page.locator("main a.button").click()
    return app


def give_password(who: AtDesk, name: str) -> None:
    who.page.locator("#name").fill(name)
    who.page.locator("#password").fill(PASSWORD)
    who.page.locator("main button").click()


def add_passkey(who: AtDesk) -> None:
    """Have a device that signs at once, and let the desk know it."""
    cdp = who.context.new_cdp_session(who.page)
    cdp.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    who.open("/desk/me").locator("[data-passkey]").click()
    expect(who.page.locator(".notice.ok")).to_be_visible()


def say(who: AtDesk, reference: str, words: str) -> None:
    """Say something to the person of a case."""
    page = who.open(f"/desk/cases/{reference}")
    page.locator("#say").fill(words)
    page.get_by_role("button", name="Send", exact=True).click()
    anyway = page.get_by_role("button", name="Send anyway")
    if anyway.count():  # it depends on the hour
        anyway.click()
    expect(page.locator(".notice.ok").first).to_be_visible()


def said(who: AtDesk, words: str) -> None:
    """Look for what was said, or for how far it is, until it stands on the page; it comes by itself."""
    expect(who.page.locator("#said")).to_contain_text(words)


@pytest.mark.longest
@pytest.mark.timeout(300)
def test_a_whole_day(works: Day, sits: Callable[[], AtDesk], browser: Browser) -> None:
    # In the morning: the first colleague comes in by the printed link, then by password and app.
    mei = sits()
    link = re.search(r"http://localhost:\d+/desk/link/\S+", works.server.printed)
    assert link
    app = enrol(mei, link[0], "Mei")
    mei.page.get_by_role("button", name="Sign out", exact=True).click()
    give_password(mei, "mei")
    mei.page.locator("#code").fill(app.now())
    mei.page.locator("main button").click()
    expect(mei.page.locator("h1")).to_have_text("Queue")

    # She invites another one, who from then on comes in by passkey.
    mei.open("/desk/people").locator("#name").fill("Ka")
    mei.page.locator("#role").select_option("supervisor")
    mei.page.get_by_role("button", name="Make the link").click()
    ka = sits()
    enrol(ka, mei.page.locator("#link").inner_text())
    add_passkey(ka)
    ka.page.get_by_role("button", name="Sign out", exact=True).click()
    give_password(ka, "Ka")
    ka.page.locator("[data-passkey]").click()
    expect(ka.page.locator("h1")).to_have_text("Queue")

    # At night people wrote: one on the page, and one by each provider.
    for phone in works.phones.values():
        phone.give_form()
    chat = Watched(browser, works.chat).begin()
    give_everything(chat, "en")
    references = {name: phone.reference() for name, phone in works.phones.items()}
    (references["web"],) = set(REFERENCE.findall(chat.page.locator("#log").inner_text()))

    # The queue shows all four without a reload; Mei takes the first by keyboard, Ka the others.
    for reference in references.values():
        expect(ka.page.locator(f"[data-ref={reference}]")).to_be_visible()
    mei.open("/desk/queue").keyboard.press("/")
    mei.page.keyboard.type(references["web"].lower())
    mei.page.keyboard.press("Enter")
    expect(mei.page.locator("h1")).to_have_text(references["web"])
    mei.page.wait_for_load_state()
    mei.page.keyboard.press("c")
    expect(mei.page.locator(".notice.ok")).to_contain_text("It is yours now")
    for name in works.phones:
        ka.page.locator(f"[data-ref={references[name]}] input").check()
    ka.page.locator(".bulk button").first.click()
    expect(ka.page.locator("[data-ref] .who", has_text="you")).to_have_count(3)

    # Links are reported, and a note is written.
    page = mei.page
    page.locator("#all-links").check()
    page.locator("#status").select_option("reported")
    page.locator("#reported-to").select_option("platform")
    page.locator("#links-form button").click()
    expect(page.locator("td.far", has_text="Reported")).to_have_count(2)
    page.locator("#note").fill("Reported both tonight.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".timeline")).to_contain_text("Reported both tonight.")

    # Both ways with the person on the page.
    chat.page.locator("#add-more button").click()
    chat.page.locator("#answers button[value=add_links]").wait_for()
    say(mei, references["web"], "Good evening, this is Mei.")
    expect(chat.page.locator("#log .caseworker")).to_contain_text("this is Mei")
    said(mei, "delivered")
    chat.page.locator("#text").fill("thank you Mei")
    chat.page.locator("#send").click()
    said(mei, "thank you Mei")

    # Both ways with each provider: by the real worker there, by the webhook back.
    for name, phone in works.phones.items():
        say(ka, references[name], "Two of three are gone.")
        comes(lambda phone=phone: "Two of three are gone." in phone.shown()[-1])  # type: ignore[misc]
        said(ka, "sent")
        before = len(phone.shown())
        phone.tell("delivered")
        if name != "telegram":
            said(ka, "delivered")
        phone.write("that is good to hear")
        said(ka, "that is good to hear")
        assert len(phone.shown()) == before, "the assistant is silent while a colleague talks"

    # A day later WhatsApp takes nothing before she writes; what waited then follows.
    works.twilio.now += timedelta(hours=25).total_seconds()
    whatsapp = works.phones["whatsapp"]
    tried = len(works.twilio.calls)
    say(ka, references["whatsapp"], "The third is gone too.")
    comes(lambda: ("POST", works.twilio.sending) in works.twilio.calls[tried:])
    said(ka, "waiting")
    assert "The third is gone too." not in "".join(whatsapp.shown())
    whatsapp.write("good morning")
    comes(lambda: "The third is gone too." in whatsapp.shown()[-1])
    said(ka, "good morning")

    # In the evening: one is closed, and another erased by two.
    ka.open(f"/desk/cases/{references['telegram']}").locator("summary", has_text="Close").click()
    ka.page.get_by_role("button", name="Close the case").click()
    expect(ka.page.locator(".notice.ok").first).to_contain_text("Closed")
    mei.open(f"/desk/cases/{references['web']}/rights").locator(
        "summary", has_text="Propose to erase"
    ).click()
    mei.page.locator("details[open] button.danger").click()
    ka.open(f"/desk/cases/{references['web']}/rights").locator("summary", has_text="Erase for good").click()
    ka.page.locator("details[open] button.danger").click()
    receipt, again = ka.page.locator("main code.secret"), ka.page.locator("[data-passkey]")
    expect(receipt.or_(again)).to_be_visible()
    if again.is_visible():  # it depends on how long ago she signed in
        again.click()
    expect(receipt).to_be_visible()
    ka.open("/desk/queue?view=closed")
    expect(ka.page.locator(f"[data-ref={references['telegram']}]")).to_be_visible()
    mei.open(f"/desk/cases/{references['web']}")
    expect(mei.page.locator("main")).to_contain_text("erased")
    chat.finish()
