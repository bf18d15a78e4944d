"""Colleagues are told of sign-ins that were perhaps not theirs: another browser, or many wrong tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from storage.browsers import KEPT, Greeting, greet, latest_sign_ins
from storage.retention import purge
from storage.schema import attempts, authenticators, browsers
from storage.staffing import replace_password
from tests.desk.conftest import Colleague, english, text
from tests.desk.test_signing_in import give_password, mei
from tests.storage.building import CHEAP, PASSWORD, Instance

__all__ = ["mei"]

SIGN_INS = "/desk/me/sign-ins"


def comes(colleague: Colleague, instance: Instance, password: str = PASSWORD) -> str:
    """Sign in anew, and return where that leads."""
    colleague.post("/desk/sign-out", csrf=False)
    with instance.database.transaction() as connection:
        connection.execute(update(authenticators).values(last_step=0))
        connection.execute(delete(attempts))
    give_password(colleague, password)
    assert colleague.totp
    return colleague.post("/desk/second", code=colleague.totp.now()).headers.get("Location", "")


@pytest.fixture
def elsewhere(mei: Colleague, instance: Instance, app: Flask) -> Colleague:
    """Somebody with Mei's password and app, in another browser."""
    return Colleague(instance, english(app), mei.name, mei.id, mei.totp)


def test_the_same_browser_is_nothing_unusual(mei: Colleague, instance: Instance) -> None:
    for _ in range(3):
        assert comes(mei, instance) == "/desk/"
    page = text(mei.get(SIGN_INS))
    assert page.count("<time") == 4
    assert page.count("new browser") == 1


def test_another_browser_is_told_of_in_those_that_are_known_and_once(
    mei: Colleague, elsewhere: Colleague, instance: Instance
) -> None:
    assert comes(elsewhere, instance) == "/desk/"

    assert comes(mei, instance) == f"{SIGN_INS}?next=%2Fdesk%2F"
    page = text(mei.get(f"{SIGN_INS}?next=%2Fdesk%2Fqueue"))
    assert "Was it you?" in page
    assert 'href="/desk/queue">All of this was me' in page
    assert comes(mei, instance) == "/desk/"
    assert comes(elsewhere, instance) == "/desk/"
    elsewhere.post("/desk/me/sign-out")
    assert elsewhere.get("/desk/me").status_code == 303


def test_many_wrong_passwords_are_told_of(mei: Colleague, elsewhere: Colleague, instance: Instance) -> None:
    for _ in range(2):
        give_password(elsewhere, "not the password")
    assert comes(mei, instance) == "/desk/"
    for _ in range(3):
        give_password(elsewhere, "not the password")
    assert comes(mei, instance).startswith(SIGN_INS)
    assert "5 wrong passwords or codes" in text(mei.get(SIGN_INS))


def test_what_is_kept_of_a_browser_leads_to_nobody_and_ends(
    mei: Colleague, elsewhere: Colleague, instance: Instance
) -> None:
    cookie = elsewhere.client.get_cookie("desk_browser")
    assert cookie is None
    comes(elsewhere, instance)
    cookie = elsewhere.client.get_cookie("desk_browser")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Strict")
    now = datetime.now(UTC)
    with instance.database.reading() as connection:
        rows = connection.execute(select(browsers)).all()
    assert len(rows) == 2
    assert not [row for row in rows if row.lookup.hex() in cookie.value]
    purge(instance.database, instance.keys, now + KEPT - timedelta(minutes=1), 72)
    assert _kept(instance) == 2
    purge(instance.database, instance.keys, now + KEPT + timedelta(minutes=1), 72)
    assert _kept(instance) == 0


def test_with_a_new_password_every_browser_is_new(mei: Colleague, instance: Instance) -> None:
    replace_password(instance.database, "Mei", PASSWORD, instance.sign_in("Mei"), CHEAP)
    assert _kept(instance) == 0


def test_two_who_share_a_computer_are_told_of_their_own_sign_ins_alone(instance: Instance) -> None:
    first = instance.added("Mei", "supervisor")
    jo = instance.added("Jo", "intake", first)
    now = datetime.now(UTC)
    mark = greet(instance.database, first.id, None, now).mark
    assert greet(instance.database, first.id, mark, now).mark == mark
    # At one computer each of them has a row of their own, and none leads to the other.
    assert greet(instance.database, jo.id, mark, now) == Greeting(mark, unusual=False)
    assert _kept(instance) == 2
    assert not greet(instance.database, first.id, mark, now).unusual
    assert [each.new_browser for each in latest_sign_ins(instance.database, jo.id)] == [False]


def _kept(instance: Instance) -> int:
    with instance.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(browsers)).scalar_one()
