"""The whole form, given on a phone: with a script and without, in both languages."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.looking import Watched

DONE = {"en": "done", "zh_Hant_HK": "完成"}
CODE = re.compile(r"\d{4} \d{4} \d{4} \d{4}")


def give_everything(chat: Watched, language: str) -> None:
    """Answer every question, from the language to the handing over."""
    chat.press(language)
    chat.press("16_or_above")
    chat.press("agree")
    chat.press("self")
    chat.press("yes")
    chat.say("why")
    chat.press("they")
    chat.write("阿明 Ming")
    assert "this_chat" not in chat.offered()  # a page forgets its conversation
    chat.press("case_code")
    chat.choose("evening", "discreet_only")
    chat.press("online_acquaintance")
    chat.choose("shared_without_knowledge", "threatened", by="#send")
    chat.say("skip")
    chat.write("It began in May.\nHe asked for money.")
    chat.write(DONE[language])
    chat.write("https://example.com/a?b=1 同埋 https://t.me/somewhere/7")
    chat.write(DONE[language])
    assert chat.offered() == ["submit", "change", "erase"]
    chat.press("submit")


def queued(home: Path) -> int:
    with sqlite3.connect(home / "tada.sqlite3") as connection:
        count: int = connection.execute("SELECT count(*) FROM cases WHERE state = 'queued'").fetchone()[0]
    return count


@pytest.mark.parametrize("language", ["en", "zh_Hant_HK"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_case_can_be_given_and_handed_over(
    visit: Callable[..., Watched], home: Path, language: str, script: bool
) -> None:
    chat = visit(language=language, java_script_enabled=script).begin()
    before = queued(home)
    give_everything(chat, language)
    assert queued(home) == before + 1
    assert CODE.fullmatch(chat.page.locator(".code").inner_text())
    assert chat.page.locator("#closed").is_visible()  # only the code leads back
    assert not chat.page.locator("#text").is_visible()


def test_under_sixteen_is_referred_and_can_begin_again(visit: Callable[..., Watched]) -> None:
    chat = visit().begin()
    chat.press("en")
    chat.press("under_16")
    assert "Web547" in chat.page.locator("#log").inner_text()
    assert not chat.page.locator("#text").is_visible()
    assert chat.page.locator("#log a").first.get_attribute("rel") == "noreferrer noopener"
    chat.page.locator("#start-again button").click()
    chat.page.locator("#answers button[value=en]").wait_for()
    assert chat.page.locator(".message.you").count() == 0


def test_nothing_is_stored_and_nothing_is_needed_to_be(visit: Callable[..., Watched]) -> None:
    chat = visit()
    chat.page.add_init_script(
        """for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"])
             Object.defineProperty(window, name, { get() { throw new Error(name); } });
           Object.defineProperty(Document.prototype, "cookie", {
             get() { throw new Error("cookie"); }, set() { throw new Error("cookie"); } });"""
    )
    chat.begin()
    chat.press("en")
    chat.press("16_or_above")
    assert "agree" in chat.offered()


def test_the_language_can_be_switched_before_and_at_any_moment(visit: Callable[..., Watched]) -> None:
    chat = visit(language="en").open()
    chat.page.locator("[data-language=zh_Hant_HK]").locator("visible=true").click()
    assert chat.page.locator("html").get_attribute("lang") == "zh-Hant-HK"
    assert chat.page.title() == "私隱對話"
    chat._press(chat.page.locator("#start button"))
    chat.press("en")
    assert chat.page.locator("html").get_attribute("lang") == "en"
    chat.page.locator("#text").fill("half a sentence")
    chat._press(chat.page.locator("a[data-language=zh_Hant_HK]"))
    assert chat.page.locator("#log .message:not(.you) p[lang]").last.get_attribute("lang") == "zh-Hant-HK"
    assert chat.page.locator("#send").inner_text() == "送出"
    assert chat.typed == "half a sentence"


def test_a_page_that_came_by_a_form_is_taken_over(visit: Callable[..., Watched]) -> None:
    chat = visit().open()
    with chat.page.expect_navigation():
        chat.page.evaluate("document.getElementById('start').submit()")  # pressed before the script had come
    chat.press("en")
    chat.press("under_16")
    assert len(chat.sent) == 2
    assert chat.page.locator(".message.you").count() == 2
    chat.page.locator("#start-again button").click()
    chat.page.locator("#answers button[value=en]").wait_for()


def test_one_press_leads_from_the_last_reply_back_to_the_case(visit: Callable[..., Watched]) -> None:
    chat = visit().begin()
    give_everything(chat, "en")
    chat.page.locator("#add-more button").click()
    chat.page.locator("#answers button[value=add_links]").wait_for()
    chat.press("add_links")
    chat.write("https://example.com/one-more")
    assert "1 new link" in chat.page.locator("#log").inner_text()


def test_what_is_too_long_is_counted_and_stays(visit: Callable[..., Watched]) -> None:
    chat = visit().begin()
    chat.press("en")
    chat.page.locator("#text").fill("x" * 4001)
    assert "1 character too many" in chat.page.locator("#count").inner_text()
    chat.page.locator("#send").click()
    assert len(chat.typed) == 4001


def test_the_case_code_can_be_copied(visit: Callable[..., Watched]) -> None:
    chat = visit(permissions=["clipboard-read", "clipboard-write"]).begin()
    give_everything(chat, "en")
    chat.page.locator(".copy").click()
    chat.page.locator("#status:not(:empty)").wait_for()
    assert chat.status == "Copied"
    chat.page.set_content("<textarea></textarea>")
    chat.page.locator("textarea").press("Control+v")
    assert CODE.fullmatch(chat.page.locator("textarea").input_value())
