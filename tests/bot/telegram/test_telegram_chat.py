"""A conversation on Telegram: commands, presses, pictures, edits, and what is taken out of the chat."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.limits import MESSAGES_A_MINUTE
from bot.telegram import reply
from tests.bot.telegram.conftest import ANN, BO, Product, words

KINDS = tomllib.loads((Path(__file__).parent / "kinds.toml").read_text("utf-8"))["kind"]
REMOVING = words.say("en", "telegram_bot.removing")


def said(message: str, language: str | None = "en") -> str:
    return words.say(language, message)  # type: ignore[arg-type]


# ------------------------------------------------------------------ words and commands


def test_whatever_a_link_carries_into_start_is_dropped(product: Product) -> None:
    greeting = product.says(ANN, "/start poster_a1")
    assert greeting == product.says(BO, "/start")
    product.reach(ANN, "English", "I'm 24")
    for link in ("v1-consent-agree", "agree", "erase"):
        assert said("ask.consent")[:40] in product.says(ANN, f"/start {link}")


@pytest.mark.parametrize(
    ("command", "answer"),
    [("/help", "help"), ("/help@a_test_bot", "help"), ("/why", "why.consent"), ("/back", "ask.age"),
     ("/skip", "skip.required"), ("/stop", "end.paused.early"), ("/erase", "erase.ask"), ("/restart", "restart.ask"),
     ("/human", "human.early")],
)  # fmt: skip
def test_each_command_of_the_menu_does_what_it_says(product: Product, command: str, answer: str) -> None:
    product.reach(ANN, "English", "I'm 24")
    assert said(answer).splitlines()[0] in product.says(ANN, command)


def test_the_language_is_switched_by_a_command(product: Product) -> None:
    product.reach(ANN, "English")
    assert said("ask.age", "zh_Hant_HK") in product.says(ANN, "/language")


def test_a_forwarded_text_is_a_text_and_skips_no_step(product: Product) -> None:
    product.reach(ANN, "English")
    origin = {"type": "hidden_user", "sender_user_name": "Canary", "date": 1}
    assert said("ask.consent")[:40] not in product.says(ANN, "hello", forward_origin=origin)
    assert said("ask.consent")[:40] in product.says(ANN, "I'm 24", forward_origin=origin)


def test_a_changed_message_is_told_of_and_a_changed_caption_is_not(product: Product) -> None:
    message = product.api.send(ANN, "/start")
    product.reach(ANN, "English")
    before = len(product.api.chat(ANN).said())
    product.api.edit(ANN, message, text="I'm 24")
    product.api.run()
    (answer,) = product.api.chat(ANN).said()[before:]
    assert answer.startswith(said("media.edit"))
    assert said("ask.age") in answer
    product.api.edit(ANN, message, caption="I'm 24", photo=[{"file_id": "x"}])
    product.api.run()
    assert len(product.api.chat(ANN).said()) == before + 1


@pytest.mark.parametrize(
    "content", [{"message_auto_delete_timer_changed": {}}, {"pinned_message": {}}, {"gift": {}}]
)
def test_what_nobody_wrote_is_not_answered(product: Product, content: dict[str, Any]) -> None:
    product.reach(ANN, "English")
    assert product.says(ANN, None, **content) == ""


# ------------------------------------------------------------------ presses


def test_a_press_is_answered_by_a_message_and_the_button_stops_waiting_later(product: Product) -> None:
    product.reach(ANN, "English", "I'm 24")
    product.api.press(ANN, "v1:consent:agree")
    product.api.run()
    assert said("got.consent") in product.api.chat(ANN).said()[-1]
    assert product.work() == ["telegram.answer_callback"]
    assert product.api.presses == {}


def test_a_press_under_an_earlier_question_changes_nothing_by_itself(product: Product) -> None:
    product.reach(ANN, "English", "I'm 24", "I agree", "me")
    product.api.press(ANN, "v1:whose:other")
    product.api.run()
    assert words.label("en", "choice.old_button.change") in product.api.chat(ANN).said()[-1]


@pytest.mark.parametrize(
    "data", ["x", "v1:consent", "v2:consent:agree", "v1:consent:agree:x", "v1:" + "a" * 61, "v1::"]
)
def test_a_press_that_no_button_of_ours_makes_is_only_answered(product: Product, data: str) -> None:
    product.reach(ANN, "English", "I'm 24")
    before = product.api.chat(ANN).said()
    product.api.press(ANN, data)
    product.api.run()
    assert product.api.ran[-1] == ("answerCallbackQuery", True)
    assert product.api.chat(ANN).said() == before
    assert product.errands() == []


def test_a_press_for_a_step_or_choice_that_does_not_exist_is_not_obeyed(product: Product) -> None:
    product.reach(ANN, "English", "I'm 24")
    for data in ("v1:admin:all", "v1:consent:all"):
        product.api.press(ANN, data)
        product.api.run()
        assert said("got.consent") not in product.api.chat(ANN).said()[-1]


# ------------------------------------------------------------------ pictures and the rest


@pytest.mark.parametrize("kind", KINDS, ids=[kind["name"] for kind in KINDS])
def test_what_is_not_text_is_refused_kindly_and_taken_out_of_the_chat(
    product: Product, kind: dict[str, Any]
) -> None:
    product.reach(ANN, "English")
    answer = product.says(ANN, None, **kind["sent"])
    assert answer == "\n\n".join((said(f"media.{kind['refused']}"), REMOVING, product.says(ANN, "/start")))
    mine = [side for side, _, _ in product.api.chat(ANN).messages.values()].count("person")
    assert product.work() == ["telegram.delete_message"]
    assert [side for side, _, _ in product.api.chat(ANN).messages.values()].count("person") == mine - 1
    assert {method for method, _ in product.api.called} == {"deleteMessage"}  # and never getFile


def test_a_caption_is_read(product: Product) -> None:
    product.reach(ANN, "English")
    answer = product.says(ANN, None, photo=[{"file_id": "x"}], caption="I'm 24")
    assert answer.startswith(said("media.picture"))
    assert said("ask.consent")[:40] in answer


def test_the_first_thing_somebody_sends_may_be_a_picture(product: Product) -> None:
    answer = product.says(ANN, None, photo=[{"file_id": "x"}])
    assert answer.startswith(said("greeting", "zh_Hant_HK"))
    assert said("telegram_bot.removing", None) in answer


def test_an_album_is_refused_once_and_all_of_it_taken_out(product: Product) -> None:
    product.reach(ANN, "English")
    answers = [product.says(ANN, None, photo=[], media_group_id="77") for _ in range(5)]
    assert answers[0].startswith(said("media.picture"))
    assert answers[1:] == [""] * 4
    assert product.work() == ["telegram.delete_message"] * 5
    assert "(photo, media_group_id)" not in [text for _, text, _ in product.api.chat(ANN).messages.values()]
    assert product.says(ANN, None, photo=[], media_group_id="78") == answers[0]
    assert '"error"' not in product.service.log.getvalue()


def test_the_first_picture_of_an_album_sent_again_is_answered_again(product: Product) -> None:
    product.reach(ANN, "English")
    deliver, answers = product.deliver, []

    def lose_each_once(body: bytes, headers: Any) -> Any:
        answers.append(deliver(body, headers)[2])
        if len(answers) % 2:
            raise ConnectionResetError
        return 200, {}, answers[-1]

    product.api.webhook = lose_each_once
    for _ in range(3):
        product.api.send(ANN, None, photo=[], media_group_id="77")
    product.api.run()
    assert answers[0] == answers[1] != b""
    assert answers[2:] == [b""] * 4


@pytest.mark.parametrize("place", [0, 1])
def test_the_caption_of_an_album_is_read_wherever_it_stands(product: Product, place: int) -> None:
    product.reach(ANN, "English")
    captions: list[dict[str, str]] = [{}, {}, {}]
    captions[place] = {"caption": "I'm 24"}
    answers = [product.says(ANN, None, photo=[], media_group_id="77", **caption) for caption in captions]
    assert sum(said("media.picture") in answer for answer in answers) == 1
    assert said("ask.consent")[:40] in answers[place]


def test_a_flood_of_pictures_is_told_once_and_all_of_it_taken_out(product: Product) -> None:
    product.restart(TADA_RATE_LIMITS="on")
    product.reach(ANN, "English")
    answers = [product.says(ANN, None, photo=[]) for _ in range(MESSAGES_A_MINUTE + 3)]
    assert said("error.rate", None) in answers[-5]
    assert answers[-4:] == [""] * 4
    assert len(product.work()) == len(answers)


# ------------------------------------------------------------------ erasing


def test_whoever_erases_everything_has_the_latest_messages_taken_out_of_the_chat(product: Product) -> None:
    product.reach(BO, "English")
    others = product.api.chat(BO).said()
    product.reach(ANN, "English", "I'm 24", "I agree", "/erase")
    answer = product.says(ANN, "1")
    assert answer == "\n\n".join((said("end.erased"), said("telegram_bot.clearing"), said("clear.telegram")))
    assert product.work() == ["telegram.delete_messages"]
    assert product.api.chat(ANN).said() == [answer]
    assert product.api.chat(BO).said() == others


def test_what_telegram_will_not_delete_stays_without_an_alarm(product: Product) -> None:
    product.says(ANN, "/start")
    product.api.pass_time(49 * 3600)
    product.reach(ANN, "English", "I'm 24", "I agree", "/erase", "1")
    assert product.work() == ["telegram.delete_messages"]
    assert len(product.api.chat(ANN).said()) > 1


def test_an_answer_follows_the_end_of_the_long_text_before_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.reach(ANN, "English")
    monkeypatch.setattr(reply, "LONGEST_TEXT", 300)
    assert product.says(ANN, "help")
    monkeypatch.undo()
    assert product.says(ANN, "24") == ""
    product.work_in_order()
    *_, last = product.api.chat(ANN).said()
    assert said("ask.consent")[:40] in last
    assert words.label("en", "choice.consent.agree") in product.api.chat(ANN).keyboard
    assert product.says(ANN, "hmm")
