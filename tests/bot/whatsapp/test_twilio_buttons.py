"""Choices as buttons and lists, where they are switched on, and as numbers wherever they cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.numbered import length
from bot.whatsapp import buttons
from flows.asides import _INSISTENT
from flows.choices import CHOICES
from flows.steps import STEPS
from locales import Words
from tada.__main__ import cli
from tests.bot.whatsapp.conftest import Make, Product
from tests.bot.whatsapp.test_twilio_conversations import by_web, told
from tests.providers.twilio import User

SOMEBODY = User()
PRESSED = ("en", "16_or_above", "agree", "self", "=yes", "she", "=Kit", "case_code", "=1", "unidentified")


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.load()


@pytest.fixture
def product(make_product: Make) -> Product:
    """An instance with buttons, whose templates were made by the command for it."""
    product = make_product(buttons="on")
    made = CliRunner().invoke(cli, ["channel", "whatsapp", "setup"], env=product.service.environ)
    assert made.exit_code == 0, made.output
    product.service.__post_init__()
    return product


def test_twilio_takes_every_template_and_there_is_one_in_each_language(
    product: Product, words: Words
) -> None:
    assert product.twilio.complaints == []
    made = product.twilio.contents.values()
    assert {each["friendly_name"] for each in made} == {each.name for each in buttons.every_template(words)}
    languages = [each["language"] for each in made]
    assert languages.count("en") == languages.count("zh_HK") > 10


def test_making_them_again_changes_nothing(product: Product) -> None:
    before = dict(product.twilio.contents)
    file = product.service.home / buttons.FILE_NAME
    kept = file.read_text()
    CliRunner().invoke(cli, ["channel", "whatsapp", "setup"], env=product.service.environ)
    assert product.twilio.contents == before
    assert file.read_text() == kept


def test_a_label_that_is_too_long_stands_in_full_below(words: Words) -> None:
    for template in buttons.every_template(words):
        for item in template.types.get("twilio/list-picker", {}).get("items", ()):
            assert length(item["item"]) <= 24
            assert not item["item"].endswith("…") or item["description"].startswith(item["item"][:-1])


def test_an_old_button_can_answer_no_question_that_destroys_something() -> None:
    insistent = {choice for aside in _INSISTENT for choice in CHOICES[aside]}
    shared = {
        step.id for step in STEPS
        if step.takes not in ("several", "safety") and insistent & set(CHOICES.get(step.id, ()))
    }  # fmt: skip
    assert shared == buttons._ALSO_IN_BETWEEN


def talk(product: Product, *said: str) -> None:
    """Press buttons; what begins with `=` is typed."""
    for each in said:
        if each.startswith("="):
            shown = product.twilio.write(SOMEBODY, each[1:])
        else:
            shown = product.twilio.press(SOMEBODY, each)
        before = len(product.twilio.to(SOMEBODY))
        product.work()
        assert len(shown) + len(product.twilio.to(SOMEBODY)) - before == 1, "one message a turn"


def test_a_conversation_by_buttons_is_the_same_conversation(product: Product) -> None:
    typed = [
        "English", "16 or above", "I agree", "of me", "yes", "she", "Kit", "case code", "1", "unidentified",
        "2", "3", "it was in a group", "done", "no links", "1", "submit",
    ]  # fmt: skip
    expected = by_web(product, typed)
    product.twilio.write(SOMEBODY, "hi")
    product.work()
    talk(product, *PRESSED, "=2", "=3", "=it was in a group", "done", "no_links", "=1", "submit")
    assert [told(each) for each in product.service.cases()] == [expected, expected]
    product.settle()
    assert product.twilio.messages == {}


def asked_age(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    product.work()
    assert product.twilio.press(SOMEBODY, "en") == []


@pytest.mark.parametrize("code", [63013, 63005, 60200, 20404])
def test_where_buttons_are_refused_the_same_comes_as_numbers(product: Product, code: int) -> None:
    asked_age(product)
    product.twilio.faults.append((404 if code == 20404 else 400, {"code": code}, {}))
    product.work()
    assert "1. 16 or above" in product.said_to(SOMEBODY)


def test_where_buttons_do_not_arrive_the_question_is_put_once_more_and_only_once(product: Product) -> None:
    asked_age(product)
    product.work()
    message = product.twilio.to(SOMEBODY)[-1]
    assert message.choices
    product.twilio.tell_status(
        message, "failed", ErrorCode="63013", ExternalUserId=f"whatsapp:{SOMEBODY.user_id}"
    )
    product.work()
    again = product.twilio.to(SOMEBODY)[-1]
    assert "1. 16 or above" in again.text
    product.twilio.tell_status(
        again, "failed", ErrorCode="63013", ExternalUserId=f"whatsapp:{SOMEBODY.user_id}"
    )
    product.work()
    assert product.twilio.to(SOMEBODY)[-1] is again


def test_somebody_who_cannot_be_reached_is_not_tried_twice(product: Product) -> None:
    asked_age(product)
    product.twilio.faults.append((400, {"code": 63024}, {}))
    product.work()
    assert product.given_up == ["63024"]
    assert len(product.twilio.to(SOMEBODY)) == 1


def test_a_message_that_comes_again_is_answered_in_words_for_nothing_else_is_sure(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    form = product.twilio.form(SOMEBODY, "English")
    assert product.twilio.deliver(form) == []
    assert "1. 16 or above" in product.twilio.deliver(form)[0]


def test_an_old_button_changes_nothing(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    product.work()
    talk(product, "en", "16_or_above", "agree", "self")
    product.twilio.press(SOMEBODY, "16_or_above")
    product.work()
    assert "earlier" in product.said_to(SOMEBODY)
    assert "1. Yes, in all of them" in product.said_to(SOMEBODY)


@pytest.mark.parametrize("written", ["", "no JSON", "[]", '{"tada_x": 1}'])
def test_without_templates_everything_comes_as_numbers(make_product: Make, home: Path, written: str) -> None:
    if written:
        (home / buttons.FILE_NAME).write_text(written)
    product = make_product(buttons="on")
    product.twilio.write(SOMEBODY, "hi")
    assert "1. 16 or above" in product.twilio.write(SOMEBODY, "English")[0]


def test_the_command_says_what_is_set_and_what_is_missing(make_product: Make) -> None:
    product = make_product(buttons="on")

    def status(**changes: str) -> tuple[int, dict[str, Any]]:
        environ = product.service.environ | changes
        result = CliRunner().invoke(cli, ["channel", "whatsapp", "status", "--json"], env=environ)
        assert product.twilio.auth_token not in result.output
        return result.exit_code, json.loads(result.stdout)

    code, found = status()
    assert (code, len(found["problems"])) == (1, 1)
    assert found["webhook_url"].startswith("https://chat.example.org/webhooks/whatsapp#")
    CliRunner().invoke(cli, ["channel", "whatsapp", "setup"], env=product.service.environ)
    assert status() == (0, found | {"problems": []})
    code, found = status(TADA_TWILIO_AUTH_TOKEN="a-wrong-auth-token-of-nobody")
    assert (code, found["twilio"]) == (1, "not reached")
    refused = CliRunner().invoke(
        cli, ["channel", "whatsapp", "setup"],
        env=product.service.environ | {"TADA_TWILIO_AUTH_TOKEN": "a-wrong-auth-token-of-nobody"},
    )  # fmt: skip
    assert refused.exit_code == 1
    assert "do not belong together" in refused.output
