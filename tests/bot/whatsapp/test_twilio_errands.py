"""What becomes of an errand at Twilio: done, tried again, or given up, and never told with an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errands import GiveUp, TryAgain
from bot.outbound import Refused
from bot.whatsapp.client import connect
from bot.whatsapp.errands import runners
from bot.whatsapp.reading import DELETE_MEDIA, DELETE_MESSAGE
from bot.whatsapp.writing import SEND, messages_later
from settings import Twilio
from tests.bot.whatsapp.conftest import Product
from tests.providers.twilio import User

SOMEBODY = User()
SID, MEDIUM = "SM" + "ab" * 16, "ME" + "cd" * 16
LETTER = {"address": SOMEBODY.address, "text": "canary words", "status_url": None}


def error(code: int) -> dict[str, Any]:
    return {"code": code, "message": "canary message", "more_info": "", "status": 400}


PASSES: tuple[Any, ...] = (
    ((429, error(20429), {"Retry-After": "7"}), "20429", timedelta(seconds=7)),
    ((429, {}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), "http_429", None),
    ((429, b"", {"Retry-After": "9" * 12}), "http_429", None),
    ((400, error(63018), {}), "63018", None),
    ((409, error(20009), {}), "20009", None),
    ((500, b"<html>", {}), "http_500", None),
    ((503, error(20503), {"Retry-After": "120"}), "20503", timedelta(minutes=2)),
    ((302, b"", {"Location": "https://evil.example/"}), "http_302", None),
    ((401, error(20003), {}), "20003", timedelta(hours=1)),
    ((403, error(20003), {}), "20003", timedelta(hours=1)),
    ((408, b"", {}), "http_408", None),
    ((0, None, {}), "unreachable", None),
)


@pytest.mark.parametrize(("fault", "code", "after"), PASSES, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize(
    ("kind", "subject"), [(DELETE_MESSAGE, SID), (DELETE_MEDIA, f"{SID}/{MEDIUM}"), (SEND, "")]
)
def test_what_passes_is_tried_again_when_twilio_says(
    product: Product, kind: str, subject: str, fault: Any, code: str, after: timedelta | None
) -> None:
    product.twilio.faults.append(fault)
    with pytest.raises(TryAgain) as failed:
        product.runners[kind](subject, LETTER)
    assert (failed.value.code, failed.value.after) == (code, after)
    assert "canary" not in repr(failed.value)


@pytest.mark.parametrize(
    "code", [63016, 63024, 63003, 63032, 63049, 21610, 21211, 21617, 63005, 63013, 63021, 21606]
)
def test_a_message_that_can_never_arrive_is_given_up_by_its_code(product: Product, code: int) -> None:
    product.twilio.faults.append((400, error(code), {}))
    with pytest.raises(GiveUp) as refused:
        product.runners[SEND]("", LETTER)
    assert refused.value.code == str(code)


def test_outside_of_24_hours_nothing_is_sent_and_nothing_is_tried_again(product: Product) -> None:
    product.twilio.form(SOMEBODY, "hi")
    product.twilio.now += 25 * 3600
    with pytest.raises(GiveUp) as refused:
        product.runners[SEND]("", LETTER)
    assert refused.value.code == "63016"
    assert messages_later("", SOMEBODY.address, ["x"], None)[0].kept < timedelta(hours=24)


def test_who_sent_stop_is_sent_nothing_until_they_write(product: Product) -> None:
    product.twilio.stopped.add(SOMEBODY.address)
    with pytest.raises(GiveUp):
        product.runners[SEND]("", LETTER)
    product.twilio.form(SOMEBODY, "hi")
    product.runners[SEND]("", LETTER)
    assert product.said_to(SOMEBODY) == "canary words"


def test_what_is_gone_is_deleted(product: Product) -> None:
    product.runners[DELETE_MESSAGE](SID, {})
    product.runners[DELETE_MEDIA](f"{SID}/{MEDIUM}", {})
    assert len(product.twilio.calls) == 2


def test_a_deletion_that_is_refused_for_no_known_reason_is_tried_for_as_long_as_errands_are_kept(
    product: Product,
) -> None:
    product.twilio.faults.append((400, error(20001), {}))
    with pytest.raises(TryAgain):
        product.runners[DELETE_MESSAGE](SID, {})


@pytest.mark.parametrize("subject", ["", "SM1", SID + "/..", "../../Accounts", f"{SID}\n", "canary"])
def test_what_is_no_id_is_never_called(product: Product, subject: str) -> None:
    for kind in (DELETE_MESSAGE, DELETE_MEDIA):
        with pytest.raises(GiveUp):
            product.runners[kind](subject, {})
    assert product.twilio.calls == []


@pytest.mark.parametrize("letter", [{}, {"address": "x"}, {"address": None, "text": "x"}, {"text": "x"}])
def test_a_letter_that_says_too_little_is_given_up(product: Product, letter: dict[str, Any]) -> None:
    with pytest.raises(GiveUp):
        product.runners[SEND]("", letter)


def test_a_message_whose_answer_was_lost_is_sent_again(product: Product) -> None:
    product.twilio.faults.append((1, None, {}))
    with pytest.raises(TryAgain):
        product.runners[SEND]("", LETTER)
    product.runners[SEND]("", LETTER)
    assert [each.text for each in product.twilio.to(SOMEBODY)] == ["canary words"] * 2


def test_an_answer_that_cannot_be_read_is_no_failure_of_ours(product: Product) -> None:
    product.twilio.faults.append((201, b"\xff<html>", {}))
    with pytest.raises(TryAgain):
        product.runners[SEND]("", LETTER)


def test_nobody_but_twilio_is_called_even_by_a_redirect(product: Product) -> None:
    client = connect(product.settings)
    with pytest.raises(Refused):
        client.http_client.request("GET", "https://evil.example/", headers={})
    elsewhere = Twilio(
        "AC" + "0" * 32, "a-token-of-nobody-at-all", "+85200000000", api_base="http://127.0.0.1:1"
    )
    with pytest.raises(TryAgain):
        runners(elsewhere)[DELETE_MESSAGE](SID, {})
