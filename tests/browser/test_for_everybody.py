"""Keyboards, screen readers, small screens, large text, and both colour schemes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.looking import DESK, SMALL, Watched


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("zh_Hant_HK", "light")])
def test_axe_finds_nothing(visit: Callable[..., Watched], language: str, scheme: str) -> None:
    chat = visit(language=language, color_scheme=scheme, reduced_motion="reduce").open()
    found = {"start": chat.faults()}
    chat._press(chat.page.locator("#start button"))
    chat.press(language)
    found["question"] = chat.faults()
    chat.press("16_or_above")
    chat.press("agree")
    chat.press("self")
    chat.press("yes")
    chat.say("skip")
    chat.say("skip")
    chat.press("case_code")
    chat.page.locator("#send").click()  # with nothing to send, which is told
    chat.page.locator("label:has(input)").first.click()
    found["several"] = chat.faults()
    chat.write("delete everything" if language == "en" else "全部刪除")
    chat.press("yes")
    found["closed"] = chat.faults()
    found["error"] = chat.open("/nowhere").faults()
    assert {state: faults for state, faults in found.items() if faults} == {}


@pytest.mark.parametrize("language", ["en", "zh_Hant_HK"])
def test_axe_finds_nothing_without_a_script(
    visit: Callable[..., Watched], address: str, language: str
) -> None:
    answers = visit(language=language, java_script_enabled=False).begin()
    drawn = answers.page.content()
    chat = visit(language=language, reduced_motion="reduce").open()
    chat.page.evaluate("html => { document.documentElement.innerHTML = html; }", drawn)
    assert chat.faults() == []


def test_everything_can_be_done_with_a_keyboard(visit: Callable[..., Watched]) -> None:
    chat = visit(**DESK).open()
    page = chat.page

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.value"))

    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to Exit this page"
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#answers [value=en]").wait_for()
    assert focused() == "answers"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused() == "en"
    page.keyboard.press("Enter")
    page.locator("#answers [value='16_or_above']").wait_for()
    assert focused() == "answers"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("#answers [value=agree]").wait_for()
    page.locator("#text").focus()
    page.keyboard.type("I agree")
    page.keyboard.press("Enter")
    page.locator("#answers [value=self]").wait_for()
    assert focused() == "text"  # whoever types stays in the box


def test_enter_that_ends_a_chinese_word_sends_nothing(visit: Callable[..., Watched]) -> None:
    chat = visit(**DESK).begin()
    before = len(chat.sent)
    for how in ("{isComposing: true}", "{keyCode: 229}"):
        chat.page.evaluate(
            f"document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, ...{how}}}))"
        )
    chat.page.locator("#text").fill("兩行")
    chat.page.keyboard.press("Shift+Enter")
    assert chat.typed == "兩行\n"
    assert len(chat.sent) == before


def test_enter_on_a_phone_begins_a_new_line(visit: Callable[..., Watched]) -> None:
    chat = visit().begin()
    before = len(chat.sent)
    chat.page.locator("#text").fill("one")
    chat.page.locator("#text").press("Enter")
    assert chat.typed == "one\n"
    assert len(chat.sent) == before


def test_the_log_is_told_and_the_choices_are_named_by_their_question(visit: Callable[..., Watched]) -> None:
    chat = visit().begin()
    chat.press("en")
    page = chat.page
    assert page.get_by_role("log", name="Conversation").count() == 1
    assert page.get_by_role("group", name="16 or older").get_by_role("button").count() == 2
    assert page.get_by_role("progressbar", name="Step 2 of 15").count() == 1
    assert page.get_by_role("textbox", name="Your message").count() == 1
    assert page.locator("#question").count() == 1


@pytest.mark.parametrize("language", ["en", "zh_Hant_HK"])
@pytest.mark.parametrize("size", ["100%", "200%"])
def test_nothing_is_cut_off_on_the_smallest_screen(
    visit: Callable[..., Watched], language: str, size: str
) -> None:
    chat = visit(language=language, **SMALL)
    chat.page.add_init_script(
        f"document.addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = 'calc({size} * 1.0625)')"
    )
    chat.open()
    wide = {"start": chat.overflows()}
    chat._press(chat.page.locator("#start button"))
    wide["language"] = chat.overflows()
    for step, choice in [
        ("age", language),
        ("consent", "16_or_above"),
        ("whose", "agree"),
        ("image", "self"),
    ]:
        chat.press(choice)
        wide[step] = chat.overflows()
        assert chat.page.locator("#leave").is_visible()
        box = chat.page.locator("#leave").bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 300
        assert box["x"] + box["width"] <= 320
    assert [step for step, is_wide in wide.items() if is_wide] == []


def test_targets_are_large_enough_for_a_thumb(visit: Callable[..., Watched]) -> None:
    chat = visit(**SMALL).begin()
    chat.press("en")
    heights = {
        (button.get_attribute("name") or button.get_attribute("id"), button.get_attribute("value")): box[
            "height"
        ]
        for button in chat.page.locator("button:visible, .language:visible").all()
        if (box := button.bounding_box())
    }
    assert {name: height for name, height in heights.items() if height < 44} == {}
