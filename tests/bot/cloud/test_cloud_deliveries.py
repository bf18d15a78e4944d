"""What Meta delivers is taken once, in order, and whole, on good days and bad ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.door import Door
from bot.receive import Reception
from flows.vocabulary import Heard
from storage.errors import KeysUnusable, StoreAway, StoreRefused
from storage.schema import cases, letters
from storage.sealing import new_id
from tests.bot.cloud.conftest import Product
from tests.providers.cloud import FakeGraph, User, signed

ANN = User()
BEN = User(number="85200000002", user_id=None)
CAT = User(number=None, user_id="HK.777")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Heard]:
    """Every message that was asked to be taken, in order."""
    all_heard: list[Heard] = []
    hear = Door.hear

    def hear_and_note(self: Door, said: Heard, *rest: Any) -> Any:
        all_heard.append(said)
        return hear(self, said, *rest)

    monkeypatch.setattr(Door, "hear", hear_and_note)
    return all_heard


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """What to raise instead of taking a message of these words."""
    failures: dict[str, Exception] = {}
    receive = Reception.receive

    def receive_or_fail(self: Reception, said: Heard, *rest: Any) -> Any:
        if said.text in failures:
            raise failures[said.text]
        return receive(self, said, *rest)

    monkeypatch.setattr(Reception, "receive", receive_or_fail)
    return failures


def batch(graph: FakeGraph, *texts: str) -> bytes:
    """One delivery: a change for each text, all by one person, a second apart."""
    return graph.body(*(graph.change(ANN, graph.text(ANN, text, at=n)) for n, text in enumerate(texts)))


def post(product: Product, body: bytes) -> int:
    return product.post(body, signed(body, product.graph.app_secret))


def test_everybody_in_a_batch_is_answered_at_their_own_address(product: Product) -> None:
    graph = product.graph
    changes = [graph.change(user, graph.text(user, "hi")) for user in (ANN, BEN, CAT)]
    assert graph.deliver_changes(product.post, *changes) == 1
    product.work()
    assert {sent.address for sent in graph.sent} == {"HK.13491208655302741918", "85200000002", "HK.777"}
    assert graph.complaints == []


def test_a_batch_is_taken_in_the_order_in_which_it_was_written(product: Product, heard: list[Heard]) -> None:
    graph = product.graph
    late, early = graph.text(ANN, "second", at=200), graph.text(ANN, "first", at=100)
    graph.deliver_changes(product.post, graph.change(ANN, late), graph.change(ANN, early))
    assert [said.text for said in heard] == ["first", "second"]


def test_what_is_delivered_again_is_answered_once(product: Product) -> None:
    body = batch(product.graph, "hi", "English")
    assert [post(product, body) for _ in range(3)] == [200, 200, 200]
    assert product.waiting() == {"cloud.send": 2}


def test_a_delivery_that_comes_again_while_the_first_is_handled_is_answered_once(product: Product) -> None:
    body = batch(product.graph, "hi", "English", "20", "yes")
    answers: list[int] = []
    deliveries = [threading.Thread(target=lambda: answers.append(post(product, body))) for _ in range(4)]
    for each in deliveries:
        each.start()
    for each in deliveries:
        each.join()
    assert answers == [200] * 4
    assert product.waiting() == {"cloud.send": 4}


@pytest.mark.parametrize("away", [StoreAway(), KeysUnusable()])
def test_a_store_that_is_away_is_told_and_loses_and_repeats_nothing(
    product: Product, failing: dict[str, Exception], away: Exception, heard: list[Heard]
) -> None:
    body = batch(product.graph, "hi", "English", "20")
    failing["English"] = away
    assert post(product, body) == 503
    assert product.waiting() == {"cloud.send": 1}
    assert heard[-1].text == "English", "nothing was taken before what came earlier"
    failing.clear()
    assert post(product, body) == 200
    assert product.waiting() == {"cloud.send": 3}


def test_what_one_message_meets_keeps_nobody_waiting(product: Product, failing: dict[str, Exception]) -> None:
    failing["refused"] = StoreRefused()
    failing["broken"] = RuntimeError("canary in an exception")
    body = batch(product.graph, "hi", "refused", "broken", "English")
    assert post(product, body) == 503, "what could not be kept must come again"
    assert product.waiting() == {"cloud.send": 3}, "a fault of ours is answered in words"
    failing.clear()
    assert post(product, body) == 200
    assert "canary" not in product.log.getvalue()


def test_not_even_an_answer_that_cannot_be_written_stops_the_rest(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def replies(words: object, answer: object, address: str) -> list[object]:
        written.append(address)
        if address == ANN.address:
            raise RuntimeError("canary")
        return []

    monkeypatch.setattr("bot.cloud.replies", replies)
    graph = product.graph
    changes = [graph.change(user, graph.text(user, "hi")) for user in (ANN, BEN)]
    graph.deliver_changes(product.post, *changes, tries=1)
    assert written[-1] == BEN.address
    assert "canary" not in product.log.getvalue()


def test_pictures_are_refused_kindly_and_deleted_at_meta_and_never_fetched(product: Product) -> None:
    graph = product.graph
    product.says(ANN, graph.text(ANN, "hi"))
    product.says(ANN, graph.text(ANN, "English"))
    kinds = ("image", "video", "audio", "document", "sticker")
    for kind in kinds:
        text = product.says(ANN, graph.picture(ANN, kind))
        assert "kept" in text and "16 or older?" in text
    assert len(graph.deleted) == len(kinds)
    assert graph.media == set()
    assert graph.complaints == [], "nothing was asked for with GET"


def test_whoever_has_another_number_begins_anew_and_so_does_whoever_has_the_old_one(product: Product) -> None:
    graph = product.graph
    product.says(BEN, graph.text(BEN, "hi"))
    product.says(BEN, graph.text(BEN, "English"))
    moved = graph.message(BEN, "system", type="user_changed_number", wa_id="85200000003", body="User changed")
    graph.deliver_changes(product.post, graph.change(None, moved))
    new = User(number="85200000003", user_id=None)
    for user in (BEN, new):
        product.says(user, graph.text(user, "hello"))
        assert "zh_Hant_HK" in product.last(user).choices, "asked which language, as at first"


def test_whoever_has_another_user_id_begins_anew(product: Product) -> None:
    graph = product.graph
    product.says(CAT, graph.text(CAT, "hi"))
    product.says(CAT, graph.text(CAT, "English"))
    update = {"user_id": {"previous": CAT.address, "current": "HK.778"}, "timestamp": "1790000000"}
    change = graph.change(None, user_id_update=[update]) | {"field": "user_id_update"}
    graph.deliver_changes(product.post, change)
    product.says(CAT, graph.text(CAT, "hello"))
    assert "zh_Hant_HK" in product.last(CAT).choices


def test_replies_that_failed_are_logged_by_code_and_count_and_nothing_else(product: Product) -> None:
    graph = product.graph
    graph.deliver_changes(product.post, graph.failed(131047), graph.failed(131047), graph.failed(131026))
    log = product.log.getvalue()
    assert '"error": "cloud 131047", "count": 2' in log
    assert '"error": "cloud 131026", "count": 1' in log
    assert not [word for word in ("canary", "wamid", "85200000001") if word in log]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (("sent",), "sent"),
        (("delivered", "sent"), "delivered"),
        (("read",), "delivered"),
        (("failed",), "failed"),
        (("delivered", "failed"), "delivered"),
        (("played",), "sent"),
    ],
)
def test_how_far_a_colleagues_message_came_is_seen_at_the_desk(
    product: Product, told: tuple[str, ...], shown: str
) -> None:
    case, letter = new_id(), new_id()
    with product.database.transaction() as connection:
        blank = {
            "state": "draft",
            "public_key": b"k" * 32,
            "sealed_key": b"",
            "generation": 1,
            "started_on": 1,
        }
        connection.execute(insert(cases), blank | {"id": case})
        sent = {"id": letter, "case_id": case, "reader": "chat", "state": "sent", "sealed": b"", "entry": 0}
        connection.execute(insert(letters), sent)
    content = {"type": "text", "text": {"preview_url": False, "body": "This is Mei."}}
    row = {"address": ANN.address, "content": content, "about": letter.hex()}
    product.runners["cloud.send"]("", row)
    for status in told:
        product.graph.deliver_changes(product.post, product.graph.told(product.last(ANN), status))
    with product.database.reading() as connection:
        assert connection.execute(select(letters.c.state)).scalar_one() == shown


def test_what_is_not_about_messages_is_acknowledged(product: Product) -> None:
    graph = product.graph
    group = graph.change(None, groups=[{"group_id": "x", "type": "group_create"}])
    read = graph.change(ANN, statuses=[{"id": "wamid.x", "status": "read", "recipient_id": "85200000001"}])
    for change in (
        group | {"field": "group_lifecycle_update"},
        read,
        {"field": "account_update", "value": {}},
    ):
        assert graph.deliver_changes(product.post, change, tries=1) == 1
    assert product.waiting() == {}


def test_nothing_of_whoever_wrote_stands_in_the_log(make_product: Callable[..., Product]) -> None:
    product = make_product()
    user = User(number="85291234567", user_id="HK.canaryid", name="canary name")
    graph = product.graph
    for message in (graph.text(user, "canary words"), graph.picture(user, caption="canary caption")):
        product.says(user, message)
    log = product.log.getvalue()
    assert log.count("/webhooks/whatsapp-cloud") == 2
    assert not [word for word in ("canary", "91234567", "wamid", graph.access_token) if word in log]
