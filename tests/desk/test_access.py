"""Who may call each route is decided in one table, and held to: every route by everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from desk.access import ACCESS, ALL, SAFE, Stage
from desk.pages import PLACES
from desk.people import MATRIX
from storage.schema import sessions
from storage.staff import ROLES, Role
from tests.desk.conftest import Colleague, Enters, text

MADE = {"HEAD", "OPTIONS"}
ROUTES = sorted(ACCESS)


def address(rule: str) -> str:
    """An address that fits a rule, about nobody and nothing there is."""
    return (
        rule.replace("<path:filename>", "desk.css")
        .replace("<code>", "en")
        .replace("<token>", "x" * 43)
        .replace("<member>", "00" * 16)
        .replace("<reference>", "TD-9999")
        .replace("<int:number>", "0")
    )


FRESH = {
    ("POST", "/desk/cases/<reference>/copy"),
    ("POST", "/desk/cases/<reference>/erase/confirm"),
    ("GET", "/desk/log.csv"),
    ("POST", "/desk/keys/rotate"),
    ("POST", "/desk/me/passkeys"),
    ("POST", "/desk/me/passkeys/options"),
    ("POST", "/desk/me/passkeys/remove"),
    ("POST", "/desk/people"),
    ("POST", "/desk/people/<member>/disable"),
    ("POST", "/desk/people/<member>/link"),
    ("POST", "/desk/people/<member>/role"),
}
"""Exporting, erasing, keys and accounts: written down once more, so that none is lost out of the table unseen."""

OPEN_TO_ANYBODY = {
    "/desk/static/<path:filename>",
    "/desk/language/<code>",
    "/desk/sign-in",
    "/desk/sign-out",
    "/desk/link/<token>",
}

HELD_BY = {
    "/desk/queue": "intake supervisor",
    "/desk/cases/<reference>": "intake supervisor",
    "/desk/cases/<reference>/copy": "intake supervisor",
    "/desk/cases/<reference>/erase/confirm": "supervisor",
    "/desk/people/<member>/cases": "supervisor",
    "/desk/keys/rotate": "key_holder supervisor",
    "/desk/people/<member>/link": "key_holder supervisor",
    "/desk/people/<member>/disable": "administrator key_holder supervisor",
    "/desk/organisation/<fact_id>": "administrator supervisor",
    "/desk/log": "auditor supervisor",
    "/desk/log.csv": "auditor supervisor",
    "/desk/receipts": "auditor supervisor",
}
"""The roles of the threat model, section 10, where it matters most."""


def is_turned_away(where: str) -> bool:
    return where.startswith(("/desk/sign-in", "/desk/second", "/desk/enrol"))


def test_every_route_has_a_decision_and_every_decision_a_route(app: Flask) -> None:
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in MADE
    }
    assert routes == set(ACCESS)


def test_the_table_is_as_the_threat_model_has_it() -> None:
    assert {key for key, rule in ACCESS.items() if rule.fresh} == FRESH
    assert {path for (_, path), rule in ACCESS.items() if rule.who is Stage.ANYONE} == OPEN_TO_ANYBODY
    for (_, path), rule in ACCESS.items():
        if path in HELD_BY:
            assert isinstance(rule.who, frozenset)
            assert " ".join(sorted(rule.who)) == HELD_BY[path], path
    assert {path for (_, path), rule in ACCESS.items() if rule.quiet} == {
        "/desk/queue/rows",
        "/desk/cases/<reference>/stamp",
        "/desk/cases/<reference>/talk",
    }


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(enters: Enters) -> None:
    colleague = enters("Ke", "supervisor")
    ago = int((datetime.now(UTC) - timedelta(minutes=10)).timestamp())

    def seen_at() -> int:
        with colleague.instance.database.reading() as connection:
            return int(connection.execute(select(sessions.c.seen_at)).scalar_one())

    with colleague.instance.database.transaction() as connection:
        connection.execute(update(sessions).values(seen_at=ago))
    for path in ("/desk/queue/rows", "/desk/cases/TD-9999/stamp", "/desk/cases/TD-9999/talk"):
        colleague.get(path)
        assert seen_at() == ago, path
    colleague.get("/desk/queue")
    assert seen_at() > ago


def test_a_route_without_a_decision_answers_nobody(app: Flask, enters: Enters) -> None:
    app.add_url_rule("/desk/forgotten", view_func=lambda: "secret")
    answer = enters().get("/desk/forgotten")
    assert (answer.status_code, b"secret" in answer.data) == (404, False)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_gives_it_and_nothing_else(enters: Enters, role: Role) -> None:
    colleague = enters("Jo", role)
    for method, rule in ROUTES:
        if rule in ("/desk/sign-out", "/desk/me/sign-out"):
            continue
        decision = ACCESS[method, rule]
        sent: dict[str, Any] = {} if method in SAFE else {"data": {"csrf": colleague.csrf()}}
        answer = colleague.client.open(address(rule), method=method, **sent)
        where = answer.headers.get("Location", "")
        if isinstance(decision.who, Stage):
            assert answer.status_code < 500, rule
        elif role in decision.who:
            assert answer.status_code != 403, (method, rule)
            assert not is_turned_away(where), (method, rule)
        else:
            assert answer.status_code == 403, (method, rule)


@pytest.mark.parametrize("stage", [None, "password", "enrolling"])
def test_nobody_gets_anywhere_before_the_second_factor(
    enters: Enters, visitor: Colleague, stage: str | None
) -> None:
    somebody = enters(stage=stage) if stage else visitor
    for method, rule in ROUTES:
        decision = ACCESS[method, rule].who
        if decision is Stage.ANYONE or (decision, stage) in {
            (Stage.HALF_WAY, "password"),
            (Stage.ENROLLING, "enrolling"),
        }:
            continue
        sent: dict[str, Any] = {} if method in SAFE else {"data": {"csrf": somebody.csrf()}}
        answer = somebody.client.open(address(rule), method=method, **sent)
        expected = {None: "/desk/sign-in", "password": "/desk/second", "enrolling": "/desk/enrol"}[stage]
        assert answer.headers["Location"].partition("?")[0] == expected, (method, rule)


def test_what_is_dangerous_wants_a_fresh_proof(enters: Enters) -> None:
    colleague = enters("Ke", "supervisor")
    with colleague.instance.database.transaction() as connection:
        old = int((datetime.now(UTC) - timedelta(minutes=6)).timestamp())
        connection.execute(update(sessions).values(proved_at=old))
    for method, rule in ROUTES:
        decision = ACCESS[method, rule]
        if not decision.fresh or isinstance(decision.who, Stage) or "supervisor" not in decision.who:
            continue
        sent: dict[str, Any] = {} if method in SAFE else {"data": {"csrf": colleague.csrf(), "name": "x"}}
        answer = colleague.client.open(address(rule), method=method, **sent)
        asked = answer.headers.get("Location", "").startswith("/desk/prove")
        assert asked or 'action="/desk/prove"' in text(answer), rule


OTHERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", OTHERS)
def test_the_form_of_another_site_is_refused_on_every_route(enters: Enters, headers: dict[str, str]) -> None:
    colleague = enters()
    for method, rule in ROUTES:
        if method in SAFE:
            continue
        data = {"csrf": colleague.csrf()}
        answer = colleague.client.open(address(rule), method=method, data=data, headers=headers)
        assert answer.status_code == 403, rule


@pytest.mark.parametrize("csrf", [None, "", "x", "0" * 64, "é"])
def test_a_form_that_is_not_of_this_sign_in_is_refused(enters: Enters, csrf: str | None) -> None:
    colleague = enters()
    for method, rule in ROUTES:
        if method in SAFE or ACCESS[method, rule].who is Stage.ANYONE:
            continue
        if ACCESS[method, rule].who is Stage.HALF_WAY:
            continue
        data = {} if csrf is None else {"csrf": csrf}
        assert colleague.client.open(address(rule), method=method, data=data).status_code == 403, rule


def test_on_its_own_host_it_answers_on_no_other(make_app: Callable[..., Flask]) -> None:
    client = make_app(address="https://desk.example.org").test_client()
    assert client.get("/desk/sign-in", headers={"Host": "desk.example.org"}).status_code == 200
    for host in ("chat.example.org", "desk.example.org.evil.example", "localhost", "10.0.0.1"):
        assert client.get("/desk/sign-in", headers={"Host": host}).status_code == 404


def test_the_matrix_shows_every_set_of_roles_that_decides() -> None:
    deciding = {rule.who for rule in ACCESS.values() if not isinstance(rule.who, Stage)}
    assert deciding - {ALL} <= set(MATRIX.values())
    assert MATRIX["desk.may.rotate"] == ACCESS["POST", "/desk/keys/rotate"].who


def test_each_place_has_a_key_of_its_own() -> None:
    keys = [place.key for place in PLACES]
    assert len(set(keys)) == len(keys)
