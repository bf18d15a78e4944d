"""Messages that came while nobody here answered are found at Twilio, and nothing that was handled is taken again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.limits import Limits
from bot.whatsapp import missed
from bot.whatsapp.reading import DELETE_MESSAGE, said_without_form
from locales import Words
from tests.bot.whatsapp.conftest import Product
from tests.providers.twilio import User

BY_ID = User(number=None)
BY_NUMBER = User(user_id=None)
BY_BOTH = User()


def away(product: Product, user: User, *lines: str, apart: float = 2) -> None:
    """Write while nobody here answers, so many seconds apart."""
    post = product.twilio.post

    def nobody(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        raise ConnectionRefusedError

    product.twilio.post = nobody
    for line in lines:
        assert product.twilio.write(user, line) == []
        product.waits(apart)
    product.twilio.post = post


@pytest.mark.parametrize("apart", [2, 0])
@pytest.mark.parametrize("user", [BY_ID, BY_NUMBER])
def test_what_was_missed_is_taken_in_order_and_answered(product: Product, user: User, apart: float) -> None:
    for line in ("hi", "English"):
        product.twilio.write(user, line)
    before = len(product.twilio.to(user))
    away(product, user, "24", "I agree", "of me", apart=apart)
    product.waits(60).look_for_missed()
    product.work().waits(60).work()
    shown = [each.text for each in product.twilio.to(user)][before:]
    assert [text.count("\n1. ") for text in shown] == [1, 1, 1]
    assert "I do not agree" in shown[0]
    assert "16" in shown[2]
    product.settle()
    assert product.twilio.messages == {}
    assert "missed, and taken now" in product.service.log.getvalue()


def test_whoever_wrote_a_lot_while_we_were_away_is_heard(product: Product) -> None:
    product.twilio.write(BY_ID, "hi")
    for minute in range(4):
        away(product, BY_ID, *(f"word {minute} {n}" for n in range(10)))
        product.waits(60)
    product.look_for_missed(Limits(today=lambda: product.now))
    product.work()
    shown = [each.text for each in product.twilio.to(BY_ID)]
    assert len(shown) == 41
    assert not any(Words.load().say("en", "error.rate") in text for text in shown)


def test_what_was_handled_is_never_taken_again_even_before_its_deletion_is_done(product: Product) -> None:
    for user in (BY_BOTH, BY_ID, BY_NUMBER):
        product.twilio.write(user, "hi")
        product.twilio.write(user, "English")
    shown = len(product.twilio.messages)
    for _ in range(3):
        product.waits(120).look_for_missed()
    assert len(product.twilio.messages) == shown
    product.work()
    product.look_for_missed()
    assert product.queue.waiting(product.now).keys() <= {DELETE_MESSAGE}
    assert product.twilio.complaints == []


def test_what_was_taken_as_missed_is_not_taken_in_the_next_round(product: Product) -> None:
    product.twilio.write(BY_ID, "hi")
    away(product, BY_ID, "English")
    product.waits(60).look_for_missed()
    product.look_for_missed()
    product.work()
    assert len(product.twilio.to(BY_ID)) == 2


def test_a_young_message_is_left_to_the_request_that_may_still_be_on_its_way(product: Product) -> None:
    away(product, BY_ID, "hi")
    product.waits(10).look_for_missed()
    assert product.queue.waiting(product.now) == {}


def test_who_cannot_be_told_by_a_number_is_asked_once_to_send_it_again(product: Product) -> None:
    product.twilio.write(BY_BOTH, "hi")
    product.twilio.write(BY_BOTH, "English")
    before = len(product.twilio.to(BY_BOTH))
    away(product, BY_BOTH, "24", "he is outside my door with a knife")
    product.waits(60).look_for_missed()
    product.work()
    (asked,) = product.twilio.to(BY_BOTH)[before:]
    assert "could not receive your message" in asked.text
    assert "I do not agree" in product.twilio.write(BY_BOTH, "24")[0]
    product.settle()
    assert product.twilio.messages == {}


def test_danger_is_answered_with_numbers_whoever_it_is(product: Product) -> None:
    away(product, BY_BOTH, "he is hitting me right now")
    product.waits(60).look_for_missed()
    product.work()
    assert "999" in product.said_to(BY_BOTH)


def test_what_nobody_could_be_answered_any_more_is_deleted(product: Product) -> None:
    away(product, BY_ID, "hi")
    product.waits(25 * 3600).look_for_missed()
    product.settle()
    assert product.twilio.messages == {}
    assert product.given_up == []


def test_pictures_and_empty_messages_that_were_missed_go_too(product: Product) -> None:
    product.twilio.write(BY_ID, "hi")
    form = product.twilio.form(BY_ID, "", ("image/jpeg",))
    product.twilio.form(BY_ID, "")
    product.waits(60).look_for_missed()
    product.work()
    assert "not opened or kept" in product.said_to(BY_ID)
    product.settle()
    assert form["MessageSid"] not in product.twilio.messages
    assert product.twilio.messages == {}


def test_one_that_cannot_be_taken_does_not_keep_the_others_waiting(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.twilio.write(BY_ID, "hi")
    away(product, BY_ID, "poison", "English")

    def fails(sid: str, address: str, words: str, *more: Any) -> object:
        if words == "poison":
            raise RuntimeError
        return said_without_form(sid, address, words, *more)

    monkeypatch.setattr(missed, "said_without_form", fails)
    product.waits(60).look_for_missed()
    product.work()
    assert "16 or older" in product.said_to(BY_ID)
    product.service.log.truncate(0)


@pytest.mark.parametrize(
    "fault",
    [(401, {"code": 20003}, {}), (503, b"<html>", {}), (0, None, {}), (200, b"not JSON", {}), (200, {}, {})],
)
def test_twilio_being_away_is_no_failure_of_the_round(
    product: Product, fault: tuple[int, object, dict[str, str]]
) -> None:
    away(product, BY_ID, "hi")
    product.waits(60)
    product.twilio.faults.append(fault)
    product.look_for_missed()
    assert "could not be looked for" in product.service.log.getvalue()
    product.look_for_missed()
    product.work()
    assert product.twilio.to(BY_ID)
