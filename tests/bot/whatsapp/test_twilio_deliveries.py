"""What is answered when something is wrong: with the request, with the store, or with us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

import bot.receive
import bot.whatsapp
from bot.whatsapp import STATUS_ROUTE
from bot.whatsapp.writing import plain
from locales import Words
from storage import database
from tests.bot.whatsapp.conftest import PUBLIC_URL, ROUTE, Make, Product
from tests.channels.conftest import held
from tests.providers.twilio import FORM, User

SOMEBODY = User()
STATUS = PUBLIC_URL + STATUS_ROUTE


def posted(product: Product, form: Mapping[str, str], url: str = PUBLIC_URL + ROUTE) -> tuple[int, str]:
    """The status and the body that a genuine form is answered with."""
    status, _, body = product.twilio.post(url, *product.twilio.signed(url, form))
    return status, body.decode()


def test_a_request_of_nobody_is_refused_and_only_the_log_says_why(product: Product) -> None:
    body, headers = product.twilio.signed(PUBLIC_URL + ROUTE, product.twilio.form(SOMEBODY, "hi"))
    status, _, answer = product.twilio.post(PUBLIC_URL + ROUTE, body + b"x", headers)
    assert (status, b"signature" in answer) == (403, False)
    assert "signature_wrong" in product.service.log.getvalue()
    assert product.twilio.post(STATUS, body, {"Content-Type": FORM})[0] == 403


def test_get_is_not_taken(product: Product) -> None:
    assert product.service.app.test_client().get(ROUTE).status_code == 405


@pytest.mark.parametrize(
    "changes",
    [
        {"AccountSid": "AC" + "9" * 32},
        {"AccountSid": ""},
        {"To": "whatsapp:+85299999999"},
        {"From": "+85200000001", "ExternalUserId": ""},
    ],
)
def test_what_is_meant_for_somebody_else_is_refused(product: Product, changes: dict[str, str]) -> None:
    assert posted(product, product.twilio.form(SOMEBODY, "hi") | changes)[0] == 403
    assert product.queue.waiting(product.now) == {}


def test_the_token_can_be_changed_while_messages_come(make_product: Make) -> None:
    product = make_product(
        auth_token="the-next-auth-token-of-nobody", old_auth_token="an-auth-token-of-nobody"
    )
    assert product.twilio.write(SOMEBODY, "hi")
    product.twilio.auth_token = "the-next-auth-token-of-nobody"
    assert product.twilio.write(SOMEBODY, "English")
    product.twilio.auth_token = "a-third-auth-token-of-nobody"
    assert product.twilio.write(SOMEBODY, "24") == []


def test_a_reaction_an_edit_or_a_deletion_is_no_step_and_is_deleted(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    first = product.twilio.write(SOMEBODY, "English")
    assert product.twilio.write(SOMEBODY, "", MessageType="reaction") == []
    assert product.twilio.write(SOMEBODY, "what?")[0].endswith(first[0].rpartition("\n\n")[2])
    product.settle()
    assert product.twilio.messages == {}


def test_an_opt_out_that_twilio_answered_is_noted_for_the_operator_and_not_answered_twice(
    product: Product,
) -> None:
    product.twilio.write(SOMEBODY, "hi")
    product.twilio.write(SOMEBODY, "English")
    for word in ("STOP", "START", "HELP"):
        assert product.twilio.write(SOMEBODY, word.lower(), OptOutType=word) == []
    log = product.service.log.getvalue()
    assert log.count("Advanced Opt-Out answered a person in our place") == 3
    figures = product.service.app.test_client().get("/metrics").text
    assert 'tada_events_total{event="whatsapp_optout_HELP"} 1.0' in figures
    # The stop was taken: what comes next goes on from there.
    assert "Welcome back" in product.twilio.write(SOMEBODY, "24")[0]


def test_an_opt_out_of_somebody_unknown_begins_nothing(product: Product) -> None:
    assert product.twilio.write(SOMEBODY, "stop", OptOutType="STOP") == []
    with product.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM conversations").scalar() == 0


def test_a_bare_word_for_stopping_ends_with_one_message(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    for word in ("停止", "STOP"):
        assert len(product.twilio.write(SOMEBODY, word)) == 1


@pytest.fixture
def impatient(make_product: Make, monkeypatch: pytest.MonkeyPatch) -> Product:
    """One that waits for the database for a moment only: waiting longer shows nothing more."""
    monkeypatch.setattr(database, "_SQLITE_PRAGMAS", (*database._SQLITE_PRAGMAS, "PRAGMA busy_timeout = 20"))
    return make_product()


def test_a_store_that_is_away_is_said_plainly_and_the_same_message_can_be_sent_again(
    impatient: Product,
) -> None:
    impatient.twilio.write(SOMEBODY, "hi")
    impatient.twilio.write(SOMEBODY, "English")
    with held(impatient.service):
        (said,) = impatient.twilio.write(SOMEBODY, "24")
        assert impatient.twilio.tell_status(impatient.twilio.to(SOMEBODY)[-1], "delivered") == 503
    assert plain(Words.load().say(None, "error.store_away")) == said
    assert "I do not agree" in impatient.twilio.write(SOMEBODY, "24")[0]


def test_what_was_said_not_to_be_received_is_not_taken_later_and_goes(impatient: Product) -> None:
    impatient.twilio.write(SOMEBODY, "hi")
    impatient.twilio.write(SOMEBODY, "English")
    with held(impatient.service):
        impatient.twilio.write(SOMEBODY, "24")
    consent = impatient.twilio.write(SOMEBODY, "24")
    impatient.waits(60).look_for_missed()
    impatient.work()
    assert [each.text for each in impatient.twilio.to(SOMEBODY)][-1:] == consent
    assert "agreed" not in impatient.twilio.write(SOMEBODY, "?")[0]
    impatient.twilio.tell_statuses()
    impatient.waits(600).work()
    assert [each for each in impatient.twilio.messages.values() if each.inbound] == []


def test_a_fault_of_ours_is_answered_in_words(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    product.twilio.write(SOMEBODY, "hi")

    def fails(*_: Any) -> Any:
        raise RuntimeError("canary")

    with monkeypatch.context() as patch:
        patch.setattr(bot.receive, "turn", fails)
        (said,) = product.twilio.write(SOMEBODY, "English")
    assert "something went wrong on our side" in said
    with monkeypatch.context() as patch:
        patch.setattr(bot.whatsapp, "read_message", fails)
        (said,) = product.twilio.write(SOMEBODY, "English")
    assert "something went wrong on our side" in said
    assert "canary" not in product.service.log.getvalue()


def test_each_answer_says_where_its_fate_is_to_be_told(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    (message,) = product.twilio.to(SOMEBODY)
    assert message.callback == STATUS


def test_a_status_that_comes_to_the_address_of_messages_is_a_status_all_the_same(product: Product) -> None:
    product.twilio.write(SOMEBODY, "hi")
    (message,) = product.twilio.to(SOMEBODY)
    message.callback = PUBLIC_URL + ROUTE
    assert product.twilio.tell_status(message, "undelivered", ErrorCode="63024") == 200
    assert "63024" in product.service.log.getvalue()
    product.waits(600).work()
    assert product.twilio.to(SOMEBODY) == []


def test_no_number_id_or_word_of_anybody_is_in_the_log(product: Product) -> None:
    product.twilio.write(User(name="canary"), "canary words")
    product.twilio.send(User(name="canary"), "image/jpeg", caption="canary caption")
    product.settle()
    log = product.service.log.getvalue()
    for secret in ("canary", "85200000001", "13491208655302741918", "SM0000", product.twilio.auth_token):
        assert secret not in log


def test_a_web_process_loads_nothing_that_calls_twilio() -> None:
    program = "import sys, bot.whatsapp; print({'twilio', 'httpx', 'requests'} & {*sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert loaded.stdout.strip() == "set()"
