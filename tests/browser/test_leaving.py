"""Leaving: at once, by button or by Shift, with nothing to come back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Dialog

from tests.browser.looking import DESK, Watched


def told(visit: Callable[..., Watched], **options: Any) -> Watched:
    """A conversation in which something was said."""
    return tell(visit(**options))


def tell(chat: Watched) -> Watched:
    chat.begin()
    chat.press("en")
    chat.write("something I would not want to be seen")
    return chat


def gone(chat: Watched) -> bool:
    chat.page.wait_for_url("https://www.hko.gov.hk/**")
    return chat.page.title() == "Weather"


def shows_nothing_on_the_way_back(chat: Watched) -> bool:
    chat.page.go_back(wait_until="commit")
    chat.page.wait_for_timeout(100)
    return "would not want" not in chat.page.content()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_button_leaves_and_back_shows_nothing(visit: Callable[..., Watched], script: bool) -> None:
    chat = told(visit, java_script_enabled=script)
    chat.page.locator("#leave").click()
    assert gone(chat)
    assert shows_nothing_on_the_way_back(chat)


def test_before_the_chat_the_button_leaves_too(visit: Callable[..., Watched]) -> None:
    chat = visit().open()
    chat.page.locator("#leave").click()
    assert gone(chat)


def test_leaving_empties_the_page_before_anything_else_and_destroys_the_conversation(
    visit: Callable[..., Watched],
) -> None:
    chat = visit()
    # What stands in the page at the moment when the server is told.
    chat.page.add_init_script(
        """const ask = fetch;
           fetch = (path, what) => { console.info(what.method, what.body, document.body.innerText); return ask(path, what); };"""
    )
    said: list[str] = []
    chat.page.on("console", lambda message: said.append(message.text))
    tell(chat)
    token = chat.page.locator("#exit input").input_value()
    chat.page.locator("#leave").click()
    assert gone(chat)
    assert [text.strip() for text in said if text.startswith("DELETE")] == ['DELETE {"erase": true}']
    headers = {"Authorization": f"Bearer {token}"}
    assert chat.page.request.get(f"{chat.address}/chat/messages", headers=headers).status == 401


def test_shift_three_times_leaves(visit: Callable[..., Watched]) -> None:
    chat = told(visit, **DESK)
    chat.page.locator("#text").focus()
    for presses in (1, 2):
        chat.page.keyboard.press("Shift")
        assert f"{presses} of 3" in chat.page.locator("#leaving").inner_text()
    chat.page.keyboard.press("Shift")
    assert gone(chat)
    assert shows_nothing_on_the_way_back(chat)


def test_shift_for_capitals_does_not_leave(visit: Callable[..., Watched]) -> None:
    chat = told(visit, **DESK)
    chat.page.locator("#text").focus()
    for letter in "ABCDE":
        chat.page.keyboard.press(f"Shift+{letter}")
    assert chat.typed == "ABCDE"
    for _ in range(4):
        chat.page.keyboard.press("Shift")
        chat.page.keyboard.press("x")
    assert chat.page.locator("#leaving").inner_text() == ""
    assert chat.neutral_visits == 0


def test_shift_slowly_does_not_leave(visit: Callable[..., Watched]) -> None:
    chat = visit(**DESK)
    chat.page.clock.install()
    chat.open()
    for _ in range(4):
        chat.page.keyboard.press("Shift")
        chat.page.clock.run_for(5_001)
    assert chat.page.locator("#leaving").inner_text() == ""
    assert chat.neutral_visits == 0


def test_a_page_kept_for_back_shows_nothing(visit: Callable[..., Watched]) -> None:
    chat = told(visit)
    with chat.page.expect_navigation():
        chat.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert "would not want" not in chat.page.content()
    assert chat.page.locator("#start").is_visible()


def test_a_reload_asks_once_and_is_explained(visit: Callable[..., Watched]) -> None:
    chat = told(visit)
    asked: list[str] = []

    def confirm(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    chat.page.on("dialog", confirm)
    chat.page.reload()
    assert asked == ["beforeunload"]
    assert chat.page.locator("#reloaded").is_visible()
    assert "would not want" not in chat.page.content()
