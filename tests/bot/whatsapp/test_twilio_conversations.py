"""Whole conversations by WhatsApp through Twilio, and what is left at Twilio after them."""

from __future__ import annotations

import random
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.casetelling import Case
from tests.bot.whatsapp.conftest import Make, Product
from tests.conversations.player import HERE
from tests.providers.twilio import User

LONG_FACT = '[suicide_lines]\ntext = "' + "word " * 700 + '"\n'

SOMEBODY = User()
WITHOUT_NUMBER = User(number=None)
WITHOUT_ID = User(user_id=None)


def lines(name: str) -> list[str]:
    """What a person types in a conversation that is written down in whole."""
    turns = tomllib.loads((HERE / "whole" / f"{name}.toml").read_text())["turn"]
    return [turn["hears"] for turn in turns if "hears" in turn]


def told(case: Case) -> dict[str, Any]:
    """What a case holds that does not differ from one to the next."""
    fields = {name: value for name, value in case.as_json()["fields"].items() if name != "consent"}
    return {"fields": fields, "links": [link.url for link in case.links]}


def by_web(product: Product, said: list[str]) -> dict[str, Any]:
    visitor = product.service.visitor().begin()
    for line in said:
        visitor.send({"text": line})
    (case,) = product.service.cases()
    return told(case)


@pytest.mark.parametrize("user", [SOMEBODY, WITHOUT_NUMBER, WITHOUT_ID], ids=["both", "no number", "no id"])
@pytest.mark.parametrize("name", ["en_by_text", "zh_by_text"])
def test_a_whole_conversation_ends_in_the_case_that_the_web_chat_makes(
    product: Product, name: str, user: User
) -> None:
    said = lines(name)
    expected = by_web(product, said)
    product.twilio.write(user, "hi")
    for line in said:
        assert len(product.twilio.write(user, line)) == 1, line
    cases = product.service.cases()
    assert [told(case) for case in cases] == [expected, expected]
    assert product.twilio.complaints == []


def test_nothing_of_a_conversation_stays_at_twilio(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    for line in lines("en_by_text"):
        product.twilio.write(SOMEBODY, line)
    product.twilio.send(SOMEBODY, "image/jpeg", "video/mp4", caption="look at these")
    assert product.twilio.messages
    product.settle()
    assert product.twilio.messages == {}
    assert (product.given_up, product.twilio.complaints) == ([], [])


def test_nothing_is_called_until_the_background_work_does_it(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    product.twilio.send(SOMEBODY, "image/jpeg")
    assert product.twilio.calls == []


def test_what_hangs_on_a_message_is_deleted_at_once_and_never_fetched(product: Product) -> None:
    product.twilio.send(SOMEBODY, "image/jpeg", "audio/ogg")
    product.work()
    (message,) = [each for each in product.twilio.messages.values() if each.inbound]
    assert message.media == {}
    assert {method for method, _ in product.twilio.calls} == {"DELETE"}


def test_a_message_that_is_too_young_is_deleted_when_it_is_old_enough(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    product.twilio.now += 10_000
    product.twilio.messages[next(iter(product.twilio.messages))].at = product.twilio.now
    product.waited += timedelta(seconds=80)
    product.work()
    assert product.tried_again == ["20009"]
    product.settle()
    assert product.twilio.messages == {}


def test_statuses_in_any_order_and_again_lead_to_the_same_end(product: Product) -> None:
    shuffled = random.Random(7)
    for line in ("hi", "English", "24"):
        product.twilio.write(SOMEBODY, line)
    product.twilio.tell_statuses(shuffled)
    for message in product.twilio.to(SOMEBODY):
        product.twilio.tell_status(message, "read", EventType="READ")
    product.settle()
    assert product.twilio.messages == {}


def test_a_long_answer_is_parted_and_all_of_it_arrives(home: Path, make_product: Make) -> None:
    (home / "facts.toml").write_text(LONG_FACT)
    product = make_product()
    here = product.twilio.write(SOMEBODY, "hi") + product.twilio.write(SOMEBODY, "English")
    here += product.twilio.write(SOMEBODY, "HELP")
    product.waits(60).work()
    sent = [message.text for message in product.twilio.to(SOMEBODY)]
    assert len(sent) > len(here)
    assert max(map(len, sent)) <= 1_500
    assert sum(text.count("word") for text in sent) == 700
    assert product.twilio.complaints == []


def test_an_answer_follows_the_end_of_the_long_text_before_it(home: Path, make_product: Make) -> None:
    (home / "facts.toml").write_text(LONG_FACT)
    product = make_product()
    for words in ("hi", "English"):
        product.twilio.write(SOMEBODY, words)
    assert len(product.twilio.write(SOMEBODY, "HELP")) == 1
    assert product.twilio.write(SOMEBODY, "24") == []
    assert product.twilio.write(SOMEBODY, "中文") == []
    product.waits(60).work()
    *_, consent, in_chinese = (message.text for message in product.twilio.to(SOMEBODY))
    assert "I do not agree" in consent
    assert "我不同意" in in_chinese
    assert len(product.twilio.write(SOMEBODY, "English")) == 1
    assert product.twilio.complaints == []


def test_nobody_waits_for_the_end_of_a_long_text_that_cannot_be_sent(home: Path, make_product: Make) -> None:
    (home / "facts.toml").write_text(LONG_FACT)
    product = make_product()
    for words in ("hi", "English", "HELP"):
        product.twilio.write(SOMEBODY, words)
    # Every call of this round: what is to be deleted as well as what is to be sent.
    product.twilio.faults += [(503, {}, {})] * 3
    product.waits(7).work()
    assert "http_503" in product.tried_again
    assert len(product.twilio.write(SOMEBODY, "24")) == 1


def test_the_same_message_at_the_fallback_url_is_no_second_step(product: Product) -> None:
    product.twilio.fallback = product.twilio.webhook
    post = product.twilio.post
    lost: list[tuple[int, str, bytes]] = []

    def loses_the_first_answer(*request: Any) -> tuple[int, str, bytes]:
        answer = post(*request)
        if not lost:
            lost.append(answer)
            raise TimeoutError
        return answer

    product.twilio.write(SOMEBODY, "hi")
    product.twilio.post = loses_the_first_answer
    (shown,) = product.twilio.write(SOMEBODY, "English")
    assert shown.encode() in lost[0][2].replace(b"&amp;", b"&")
    product.twilio.post = post
    assert "I do not agree" in product.twilio.write(SOMEBODY, "24")[0]


def test_nobody_listening_is_tried_again_and_then_the_fallback(product: Product) -> None:
    post, failures = product.twilio.post, [ConnectionRefusedError, ConnectionResetError]

    def comes_back(*request: Any) -> tuple[int, str, bytes]:
        if failures:
            raise failures.pop()
        return post(*request)

    product.twilio.fallback = product.twilio.webhook
    product.twilio.post = comes_back
    assert len(product.twilio.write(SOMEBODY, "hi")) == 1


def test_messages_that_come_at_the_same_moment_are_all_taken_one_by_one(product: Product) -> None:
    for line in ("hi", "English", "24", "agree", "of me", "yes", "she", "Kit", "case code"):
        product.twilio.write(SOMEBODY, line)
    forms = [product.twilio.form(SOMEBODY, "evenings")] * 4
    answers = product.twilio.deliver_together(*forms)
    assert len({tuple(each) for each in answers}) == 1
    others = [User(f"8520000{n:04}", f"HK.{n}00000") for n in range(6)]
    shown = product.twilio.deliver_together(*(product.twilio.form(each, "hi") for each in others))
    assert [len(each) for each in shown] == [1] * 6


def test_someone_without_a_number_is_another_person_than_a_number_and_stays_the_same(
    product: Product,
) -> None:
    product.twilio.write(SOMEBODY, "hi")
    product.twilio.write(SOMEBODY, "English")
    # The number is hidden from one day to the next; the user id is the same.
    assert "I do not agree" in product.twilio.write(WITHOUT_NUMBER, "24")[0]
    assert "English" in product.twilio.write(WITHOUT_ID, "24")[0]
