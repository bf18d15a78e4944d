"""Only what Twilio signed is read: our check is the one of Twilio's own library."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest
from flask import Request
from hypothesis import example, given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.test import EnvironBuilder

from bot.whatsapp.signature import SETTINGS, SIGNATURE, NotGenuine, check
from tests.bot.whatsapp.conftest import PUBLIC_URL, ROUTE
from tests.providers.twilio import FORM

TOKEN, OLD = "an-auth-token-of-nobody", "the-auth-token-before-that"
URL = PUBLIC_URL + ROUTE

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
FIELDS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8)


def asked(
    body: bytes, signature: str | None, query: str = "", content_type: str = FORM, **headers: str
) -> Request:
    """A request as it reaches us behind a proxy, which calls us by another name."""
    given_headers = {"Host": "internal:8000", **headers}
    if signature is not None:
        given_headers[SIGNATURE] = signature
    builder = EnvironBuilder(
        ROUTE,
        query_string=query,
        method="POST",
        data=body,
        content_type=content_type,
        headers=list(given_headers.items()),
    )
    return Request(builder.get_environ())


def reason(request: Request, public_url: str | None = PUBLIC_URL, *secrets: str) -> str | None:
    """Why a request is refused; None where it passes."""
    try:
        check(request, public_url, secrets or (TOKEN,))
    except NotGenuine as refused:
        return str(refused)
    return None


def signature(body: bytes, url: str = URL, token: str = TOKEN, algorithm: str | None = None) -> str:
    return str(RequestValidator(token).compute_signature(url, asked(body, None).form, algorithm))


@given(
    FIELDS,
    st.sampled_from(["", "a=1", "a=1&b=%E4%BD%A0", "bodySHA256=00"]),
    st.sampled_from(["", "443", "8443"]),
)
@example([("Multi", "b"), ("Multi", "a"), ("Multi", "a"), ("", "")], "", "")
def test_what_the_library_would_let_in_is_let_in(
    fields: list[tuple[str, str]], query: str, port: str
) -> None:
    body = urlencode(fields).encode()
    public_url = PUBLIC_URL + (f":{port}" if port else "")
    url = public_url + ROUTE + (f"?{query}" if query else "")
    signed = signature(body, url)
    request = asked(body, signed, query)
    assert RequestValidator(TOKEN).validate(url, request.form, signed)
    assert reason(request, public_url) is None


@given(FIELDS, FIELDS)
def test_what_the_library_would_refuse_is_refused(
    fields: list[tuple[str, str]], others: list[tuple[str, str]]
) -> None:
    signed = signature(urlencode(fields).encode())
    request = asked(urlencode(others).encode(), signed)
    expected = RequestValidator(TOKEN).validate(URL, request.form, signed)
    assert (reason(request) is None) == expected


def test_the_example_that_twilio_publishes_is_let_in() -> None:
    fields = {
        "From": "+14158675309",
        "To": "+18005551212",
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
    }
    builder = EnvironBuilder(
        "/myapp.php", query_string="foo=1&bar=2", method="POST", data=urlencode(fields), content_type=FORM,
        headers=[(SIGNATURE, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")],
    )  # fmt: skip
    check(Request(builder.get_environ()), "https://mycompany.com", ["12345"])


BODY = b"AccountSid=AC1&Body=hi"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked(BODY, None), "signature_missing"),
        (asked(BODY, ""), "signature_missing"),
        (asked(BODY, signature(BODY, token="another")), "signature_wrong"),
        (asked(BODY, "é" * 28), "signature_wrong"),
        (asked(BODY, signature(BODY) + "="), "signature_wrong"),
        (asked(BODY, signature(BODY, URL + "/")), "signature_wrong"),
        (asked(BODY, signature(BODY, "http://internal:8000" + ROUTE)), "signature_wrong"),
        (asked(BODY, signature(BODY), **{"X-Forwarded-Host": "evil.example"}), None),
        (asked(BODY, signature(BODY), **{SETTINGS: "key=k,algorithm=HMAC_MD5"}), "signature_algorithm"),
        (asked(BODY, signature(BODY), **{SETTINGS: "key=k,algorithm=HMAC_SHA256"}), "signature_wrong"),
        (
            asked(
                BODY, signature(BODY, algorithm="HMAC_SHA256"), **{SETTINGS: "key=k, algorithm=hmac_sha256"}
            ),
            None,
        ),
        (asked(BODY, signature(BODY), **{SETTINGS: "key=k"}), None),
    ],
)
def test_each_way_of_not_being_twilio_is_told_apart_in_the_log_alone(
    request_: Request, expected: str | None
) -> None:
    assert reason(request_) == expected


def test_while_the_token_is_changed_both_are_taken_and_no_third() -> None:
    for token, expected in ((TOKEN, None), (OLD, None), ("third", "signature_wrong")):
        request = asked(BODY, signature(BODY, token=token))
        assert reason(request, PUBLIC_URL, TOKEN, OLD) == expected


def test_a_body_that_is_no_form_is_signed_by_its_hash_in_the_address() -> None:
    body = b'{"a": 1}'
    hashed = hashlib.sha256(body).hexdigest()
    for query, sent, expected in (
        (f"bodySHA256={hashed}", body, None),
        (f"bodySHA256={hashed}", b'{"a": 2}', "body_unsigned"),
        ("bodySHA256=é", body, "body_unsigned"),
        ("", body, "body_unsigned"),
        ("", b"", None),
    ):
        url = URL + (f"?{query}" if query else "")
        signed = str(RequestValidator(TOKEN).compute_signature(url, {}))
        assert reason(asked(sent, signed, query, "application/json")) == expected


def test_on_ones_own_machine_the_address_is_the_one_that_was_asked() -> None:
    assert reason(asked(BODY, signature(BODY, "http://internal:8000" + ROUTE)), None) is None
    assert reason(asked(BODY, signature(BODY)), None) == "signature_wrong"
