"""What is done at Meta: tried again where that may help, given up where it cannot, and never lost in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.cloud.writing import messages
from bot.errands import GiveUp, TryAgain
from tests.bot.cloud.conftest import Product
from tests.providers.cloud import FakeGraph, User

ANN = User()
LETTER: dict[str, Any] = dict(messages(ANN.address, "hello")[0].letter or {})


def error(code: object, **more: object) -> dict[str, Any]:
    return {"error": {"message": "canary", "code": code, **more}}


@pytest.mark.parametrize(
    ("status", "written", "headers", "expected"),
    [
        (400, error(131056), {}, TryAgain("131056", timedelta(seconds=6))),
        (400, error(131056), {"Retry-After": "90"}, TryAgain("131056", timedelta(seconds=90))),
        (429, error(130429), {}, TryAgain("130429")),
        (429, error(130429), {"Retry-After": "30"}, TryAgain("130429", timedelta(seconds=30))),
        (429, {}, {"Retry-After": "30"}, TryAgain("http_429", timedelta(seconds=30))),
        (429, {}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, TryAgain("http_429")),
        (429, {}, {"Retry-After": "999999999"}, TryAgain("http_429", timedelta(days=1))),
        (500, error(131000), {}, TryAgain("131000")),
        (503, {}, {}, TryAgain("http_503")),
        (502, error("x"), {}, TryAgain("http_502")),
        (302, {}, {"Location": "http://127.0.0.1:9/"}, TryAgain("http_302")),
        (401, error(190), {}, TryAgain("190", timedelta(hours=1))),
        (401, {}, {}, TryAgain("http_401", timedelta(hours=1))),
        (403, error(200), {}, TryAgain("200", timedelta(hours=1))),
        (400, error(131047), {}, GiveUp("131047")),
        (400, error(131026), {}, GiveUp("131026")),
        (400, error(131051), {}, GiveUp("131051")),
        (400, error(100), {}, GiveUp("100")),
        (404, error(100, error_subcode=33), {}, GiveUp("100")),
        (400, {"error": "canary"}, {}, GiveUp("http_400")),
        (400, {"error": {"code": True}}, {}, GiveUp("http_400")),
        (0, {}, {}, TryAgain("unreachable")),
    ],
)
def test_each_refusal_of_meta_has_its_outcome(
    product: Product,
    status: int,
    written: dict[str, Any],
    headers: dict[str, str],
    expected: TryAgain | GiveUp,
) -> None:
    product.graph.faults.append((status, written, headers))
    with pytest.raises(type(expected)) as raised:
        product.runners["cloud.send"]("", LETTER)
    assert vars(raised.value) == vars(expected)
    assert raised.value.__cause__ is None and "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "letter", [{}, {"address": "1"}, {"address": 1, "content": {}}, {"address": "1", "content": ""}]
)
def test_a_letter_that_says_nothing_is_given_up(product: Product, letter: dict[str, Any]) -> None:
    with pytest.raises(GiveUp):
        product.runners["cloud.send"]("", letter)


def test_a_reply_that_may_have_gone_out_is_sent_again_and_not_lost(product: Product) -> None:
    product.graph.faults.append((1, {}, {}))
    product.says(ANN, product.graph.text(ANN, "hi"))
    assert [sent.text for sent in product.graph.sent] == [product.last(ANN).text] * 2
    assert product.waiting() == {}


def test_replies_to_somebody_who_writes_fast_wait_until_meta_takes_them(product: Product) -> None:
    graph = product.graph
    graph.deliver(
        product.post, ANN, *(graph.text(ANN, text, at=n) for n, text in enumerate(["hi", "English", "20"]))
    )
    product.work()
    assert len(graph.sent) == 1
    for _ in range(2):
        product.waits(6)
        product.work()
    assert len(graph.sent) == 3
    assert product.given_up == []


def test_what_can_only_be_said_a_day_late_is_not_said(product: Product) -> None:
    product.graph.deliver(product.post, ANN, product.graph.text(ANN, "hi"))
    product.waits(25 * 3600)
    product.work()
    assert product.graph.sent == []


def test_a_long_text_of_a_colleague_arrives_in_parts_six_seconds_apart(product: Product) -> None:
    for errand in messages(ANN.address, "This is a sentence. " * 300):
        product.waits(errand.after.total_seconds() and 6)
        product.runners[errand.kind](errand.subject, dict(errand.letter or {}))
    times = [sent.at for sent in product.graph.to(ANN)]
    assert [later - times[0] for later in times] == [0, 6]


def test_a_copy_is_deleted_and_one_that_is_gone_already_is_done(product: Product) -> None:
    product.graph.media.add("100")
    for _ in range(2):
        product.runners["cloud.delete_media"]("100", {})
    assert product.graph.deleted == ["100"]


def test_a_copy_that_cannot_be_deleted_now_is_tried_again(product: Product) -> None:
    product.graph.faults.append((500, error(131000), {}))
    with pytest.raises(TryAgain):
        product.runners["cloud.delete_media"]("100", {})


@pytest.mark.parametrize("subject", ["", "..", "10654/messages", "1?x=1", "é"])
def test_nothing_but_a_media_id_is_ever_put_into_an_address(product: Product, subject: str) -> None:
    with pytest.raises(GiveUp):
        product.runners["cloud.delete_media"](subject, {})
    assert product.graph.complaints == []


def test_numbers_are_sent_to_as_numbers_and_user_ids_as_recipients(product: Product) -> None:
    for address in ("85200000001", "HK.abc123"):
        product.runners["cloud.send"]("", LETTER | {"address": address})
    assert [sent.address for sent in product.graph.sent] == ["85200000001", "HK.abc123"]
    assert product.graph.complaints == []


def test_a_token_that_no_longer_opens_waits_for_the_operator(product: Product) -> None:
    product.graph.access_token = "another one"
    with pytest.raises(TryAgain) as raised:
        product.runners["cloud.send"]("", LETTER)
    assert (raised.value.code, raised.value.after) == ("190", timedelta(hours=1))


def test_the_fake_refuses_what_meta_would_refuse() -> None:
    graph = FakeGraph("token", "secret", "10654")
    bad = b'{"messaging_product": "whatsapp", "to": "1", "type": "text", "text": {"body": ""}}'
    headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}
    assert graph.answer("POST", "/v23.0/10654/messages", headers, bad)[0] == 400
    assert graph.answer("GET", "/v23.0/100", headers, b"")[0] == 400
    assert graph.answer("POST", "/v23.0/10654/messages", {}, bad)[0] == 401
    assert len(graph.complaints) == 2
