"""Who may call each route is decided in one table, and held to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.access import ACCESS, Caller
from tests.bot.scripted import code_of

MADE = {"HEAD", "OPTIONS"}

EVERY_CHANNEL = {
    "twilio_account_sid": "AC" + "0" * 32,
    "twilio_auth_token": "0" * 32,
    "twilio_number": "+85200000000",
    "telegram_token": "100:" + "a" * 32,
    "telegram_secret": "a" * 32,
    "cloud_access_token": "a" * 32,
    "cloud_app_secret": "a" * 32,
    "cloud_verify_token": "a" * 32,
    "cloud_phone_number_id": "100000",
}


def test_every_route_has_a_decision_and_every_decision_a_route(make_app: Callable[..., Flask]) -> None:
    routes = {
        (method, rule.rule)
        for rule in make_app(**EVERY_CHANNEL).url_map.iter_rules()
        for method in rule.methods or ()
        if method not in MADE
    }
    assert routes == set(ACCESS)


def test_a_route_without_a_decision_answers_nobody(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    app.add_url_rule("/forgotten", view_func=lambda: "secret")
    answer = app.test_client().get("/forgotten")
    assert answer.status_code == 404
    assert b"secret" not in answer.data


@pytest.mark.parametrize(
    ("method", "rule"), [key for key, caller in ACCESS.items() if caller is Caller.HOLDER]
)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer short", "Basic " + "a" * 43, "Bearer " + "a" * 44, "Bearer " + "é" * 43],
)
def test_without_a_whole_token_nothing_of_a_conversation_can_be_reached(
    client: FlaskClient, method: str, rule: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.open(rule, method=method, headers=headers, json={"id": "1", "text": "hi"})
    assert code_of(answer) == (401, "unauthorised")


OTHERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", OTHERS)
def test_the_page_of_another_site_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post("/chat/sessions", headers=headers)
    assert code_of(answer) == (403, "origin")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_page_and_a_program_that_is_no_browser_are_let_in(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.post("/chat/sessions", headers=headers).status_code == 201


def test_the_public_address_is_ours_whatever_the_proxy_calls_this_host(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app(public_url="https://chat.example.org").test_client()
    headers = {"Origin": "https://chat.example.org", "Host": "internal:8000"}
    assert client.post("/chat/sessions", headers=headers).status_code == 201


@pytest.mark.parametrize("headers", [{"Origin": "null"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}])
def test_a_form_of_ours_has_no_origin_because_our_pages_send_no_referrer(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.post("/", data={"language": "en"}, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [other for other in OTHERS if other != {"Origin": "null"}])
def test_a_form_on_another_site_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/", data={"language": "en"}, headers=headers).status_code == 403


TOKEN = "m" * 40


@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "203.0.113.7", 404),
        ({"X-Forwarded-For": "203.0.113.7"}, "127.0.0.1", 404),
        ({"Forwarded": "for=203.0.113.7"}, "127.0.0.1", 404),
        ({"X-Real-IP": "203.0.113.7"}, "127.0.0.1", 404),
        ({"Via": "1.1 proxy"}, "127.0.0.1", 404),
        ({"Authorization": f"Bearer {TOKEN}"}, "203.0.113.7", 200),
        ({"Authorization": f"Bearer {TOKEN}x"}, "203.0.113.7", 404),
    ],
)
def test_figures_are_for_this_machine_or_the_holder_of_the_metrics_token(
    make_app: Callable[..., Flask], headers: dict[str, str], address: str, status: int
) -> None:
    client = make_app(metrics_token=TOKEN).test_client()
    answer = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == status


def test_no_empty_token_opens_the_figures(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    answer = client.get(
        "/metrics", headers={"Authorization": "Bearer "}, environ_overrides={"REMOTE_ADDR": "203.0.113.7"}
    )
    assert answer.status_code == 404
