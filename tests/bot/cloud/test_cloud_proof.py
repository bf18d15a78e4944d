"""Who may speak to the webhook: Meta, and nobody else."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from tests.bot.cloud.conftest import OLD_SECRET, PATH, SECRET, VERIFY_TOKEN, Product
from tests.providers.cloud import User, signed

ANN = User()


def registering(product: Product, **query: str) -> tuple[int, bytes, str]:
    asked = {f"hub.{name}": value for name, value in query.items()}
    answer = product.app.test_client().get(PATH, query_string=asked)
    return answer.status_code, answer.data, answer.headers["Content-Type"]


def test_the_token_agreed_on_is_answered_with_the_bare_challenge(product: Product) -> None:
    answer = registering(product, mode="subscribe", challenge="1158201444", verify_token=VERIFY_TOKEN)
    assert answer == (200, b"1158201444", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    "wrong",
    [
        {"verify_token": VERIFY_TOKEN + "x"},
        {"verify_token": ""},
        {"verify_token": "é"},
        {"mode": "unsubscribe"},
        {"mode": ""},
        {"challenge": ""},
        {"challenge": "<script>"},
        {"challenge": "1 2"},
        {"challenge": "1\n"},
        {"challenge": "1" * 129},
    ],
)
def test_any_other_registration_is_refused_and_echoes_nothing(
    product: Product, wrong: dict[str, str]
) -> None:
    asked = {"mode": "subscribe", "challenge": "1158201444", "verify_token": VERIFY_TOKEN, **wrong}
    status, body, _ = registering(product, **asked)
    assert status == 403
    assert b"script" not in body and b"1158201444" not in body


def test_each_secret_is_good_while_they_are_being_changed(product: Product) -> None:
    for secret in (SECRET, OLD_SECRET):
        body = product.graph.body(product.graph.change(ANN, product.graph.text(ANN, "hi")))
        assert product.post(body, signed(body, secret)) == 200
    assert product.waiting() == {"cloud.send": 2}


def test_no_byte_of_a_signed_delivery_can_be_changed(product: Product) -> None:
    body = product.graph.body(product.graph.change(ANN, product.graph.text(ANN, "hi")))
    headers = signed(body, SECRET)
    for place in range(0, len(body), 7):
        forged = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert product.post(forged, headers) == 403
    signature = headers["X-Hub-Signature-256"]
    for place in range(len(signature)):
        changed = chr(ord(signature[place]) ^ 1)
        forged_headers = {"X-Hub-Signature-256": signature[:place] + changed + signature[place + 1 :]}
        assert product.post(body, forged_headers) == 403
    assert product.post(body + b" ", headers) == 403
    assert product.waiting() == {}


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha1=" + "0" * 64, "0" * 64, "é" * 71])
def test_without_a_whole_signature_nothing_is_read(product: Product, signature: str | None) -> None:
    headers = {} if signature is None else {"X-Hub-Signature-256": signature}
    assert product.post(b"not even json", headers) == 403
    assert '"error": "bad_signature"' in product.log.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"entry": 5}',
        b'{"entry": [null, {"changes": {}}]}',
    ],
)
def test_what_meta_signed_and_we_cannot_read_is_not_asked_for_again(product: Product, body: bytes) -> None:
    assert product.post(body, signed(body, SECRET)) == 200


def test_a_delivery_for_another_number_is_acknowledged_and_left_alone(product: Product) -> None:
    change = product.graph.change(ANN, product.graph.text(ANN, "hi"))
    for metadata in ({"phone_number_id": "99999"}, {}, None):
        change["value"]["metadata"] = metadata
        product.graph.deliver_changes(product.post, change, tries=1)
    assert product.waiting() == {}


def test_a_batch_may_be_far_larger_than_other_requests_but_not_without_end(product: Product) -> None:
    texts = [product.graph.text(ANN, "hi") | {"novelty": "字" * 40_000} for _ in range(10)]
    body = product.graph.body(product.graph.change(ANN, *texts))
    assert 2_000_000 < len(body) < 3_000_000
    assert product.post(body, signed(body, SECRET)) == 200
    assert product.waiting() == {"cloud.send": 10}

    longer = json.dumps("x" * (3 * 1024 * 1024)).encode()
    assert product.post(longer, signed(longer, SECRET)) == 413


def test_a_batch_of_unknown_length_is_taken_whole_too(product: Product) -> None:
    texts = [product.graph.text(ANN, "hi") | {"novelty": "x" * 20_000} for _ in range(10)]
    body = product.graph.body(product.graph.change(ANN, *texts))
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    answer = product.app.test_client().post(
        PATH, input_stream=io.BytesIO(body), headers=signed(body, SECRET), environ_overrides=chunked
    )
    assert answer.status_code == 200
    assert product.waiting() == {"cloud.send": 10}


def test_other_routes_stay_small(product: Product) -> None:
    answer = product.app.test_client().post("/chat/sessions", data=b"x" * 70_000)
    assert answer.status_code == 413


def test_what_calls_meta_is_not_even_loaded_where_messages_come_in() -> None:
    look = "import sys, bot.cloud; print([name for name in ('httpx', 'dbos', 'telegram') if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
