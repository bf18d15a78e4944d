"""Lost, slow and ended connections: explained, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from locales import Words
from tests.browser.looking import DESK, Watched


@pytest.fixture
def chat(visit: Callable[..., Watched]) -> Watched:
    chat = visit(**DESK).begin()
    chat.press("en")
    return chat


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.load()


def run_out_of_patience(chat: Watched, words: Words) -> None:
    for _ in range(100):
        chat.page.clock.run_for(2_000)
        if chat.status == words.say("en", "page.not_sent"):
            return
    pytest.fail("it is still being sent")


def test_a_message_that_got_no_answer_is_sent_again_under_the_same_id(chat: Watched) -> None:
    chat.connection = "lost"
    chat.page.locator("#text").fill("I am 17")
    chat.page.locator("#send").click()
    chat.page.locator("#status:not(:empty)").wait_for()
    assert chat.typed == "I am 17"
    chat.connection = "good"
    chat.page.locator("#answers [value=agree]").wait_for()
    assert chat.typed == ""
    assert len({message["id"] for message in chat.sent[1:]}) == 1


def test_what_cannot_be_sent_stays_in_the_box_and_can_be_sent_later(
    visit: Callable[..., Watched], words: Words
) -> None:
    chat = visit(**DESK)
    chat.page.clock.install()
    chat.begin()
    chat.press("en")
    chat.connection = "lost"
    chat.page.locator("#text").fill("I am 17")
    chat.page.locator("#send").click()
    run_out_of_patience(chat, words)
    assert chat.page.locator("#send").inner_text() == words.say("en", "page.retry")
    assert chat.typed == "I am 17"
    chat.connection = "good"
    chat.page.locator("#send").click()
    chat.page.locator("#answers [value=agree]").wait_for()
    assert len({message["id"] for message in chat.sent[1:]}) == 1


def test_an_answer_that_was_lost_is_given_again_and_counts_once(chat: Watched) -> None:
    chat.connection = "one way"
    chat.page.locator("#text").fill("I am 17")
    chat.page.locator("#send").click()
    chat.page.locator("#status:not(:empty)").wait_for()
    chat.connection = "good"
    chat.page.locator("#answers [value=agree]").wait_for()
    assert chat.page.locator(".message.you").count() == 2


def test_words_changed_after_a_lost_answer_are_not_lost(chat: Watched, words: Words) -> None:
    chat.page.clock.install()
    chat.connection = "one way"
    chat.page.locator("#text").fill("I am 17")
    chat.page.locator("#send").click()
    run_out_of_patience(chat, words)
    chat.connection = "good"
    chat.page.locator("#text").fill("I am 18")
    chat.page.locator("#send").click()
    chat.page.locator("#answers [value=agree]").wait_for()
    assert chat.typed == "I am 18"
    assert chat.status == words.say("en", "error.id_reused")


def test_a_conversation_that_ended_is_closed_and_keeps_the_words(chat: Watched, words: Words) -> None:
    chat.page.evaluate(
        "fetch('/chat/sessions', {method: 'DELETE', headers: {Authorization: 'Bearer ' + document.querySelector('#exit input').value}})"
    )
    chat.page.locator("#text").fill("my words")
    chat.page.locator("#send").click()
    chat.page.locator("#closed").wait_for()
    assert words.say("en", "error.unauthorised") in chat.page.locator("#closed").inner_text()
    assert chat.typed == "my words"
    assert chat.page.locator("#text").is_visible()
    chat.page.locator("#start-again button").click()
    chat.page.locator("#answers [value=en]").wait_for()


def test_a_slow_answer_is_told(chat: Watched, words: Words) -> None:
    chat.page.clock.install()
    chat.connection = "held"
    chat.page.locator("#text").fill("I am 17")
    chat.page.locator("#send").click()
    chat.page.locator("main[aria-busy=true]").wait_for()
    chat.page.clock.run_for(4_100)
    assert chat.status == words.say("en", "page.slow")
    chat.held[0].continue_()
    chat.page.locator("#answers [value=agree]").wait_for()
    assert chat.status == ""


def test_a_double_click_is_one_message(chat: Watched) -> None:
    before = len(chat.sent)
    chat.page.locator("#answers [value='16_or_above']").dblclick()
    chat.page.locator("#answers [value=agree]").wait_for()
    chat.settled()
    assert len(chat.sent) == before + 1


def test_nothing_written_is_said(chat: Watched, words: Words) -> None:
    chat.page.locator("#send").click()
    assert chat.status == words.say("en", "page.empty")


def test_too_long_a_text_is_counted_and_stays(chat: Watched, words: Words) -> None:
    chat.page.locator("#text").fill("字" * 3_990)
    assert chat.page.locator("#count").inner_text() == words.say("en", "page.count_left", {"n": 10})
    chat.page.locator("#text").fill("字" * 4_001)
    before = len(chat.sent)
    chat.page.locator("#send").click()
    assert len(chat.sent) == before
    assert len(chat.typed) == 4_001


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_files_are_refused_kindly(chat: Watched, words: Words, event: str) -> None:
    make = {
        "paste": "new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})",
        "drop": "new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})",
    }[event]
    taken = chat.page.evaluate(
        f"""() => {{ const data = new DataTransfer(); data.items.add(new File(["x"], "a.png", {{type: "image/png"}}));
            return document.getElementById("text").dispatchEvent({make}); }}"""
    )
    assert taken is False
    assert chat.status == words.say("en", "page.no_files")
