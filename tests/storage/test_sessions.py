"""Being signed in: for a while, in one place, by a secret that only the browser has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from storage import audit
from storage.errors import CannotOpen, NotAllowed, SignedOut
from storage.retention import purge
from storage.schema import sessions, staff
from storage.sealing import derive, digest, encode, unlock
from storage.sessions import (
    FRESH,
    HALF_WAY,
    IDLE,
    LONGEST,
    Session,
    begin_session,
    end_session,
    is_signed_in,
    open_session,
    resume_session,
    set_challenge,
    sign_out_everywhere,
    whose_session,
)
from storage.signing_in import check_and_open
from storage.staff import Caseworker
from storage.staffing import disable_staff, replace_password
from tests.storage.building import CHEAP, PASSWORD, Instance

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

SignIn = Callable[..., bytes]


@pytest.fixture
def half(instance: Instance, mei: Caseworker) -> SignIn:
    """Gives a password, and no more."""

    def give(name: str = "Mei", now: datetime = NOW) -> bytes:
        staff_id, private = check_and_open(instance.database, name, PASSWORD, CHEAP)
        with instance.database.transaction() as connection:
            return begin_session(connection, staff_id, private, "password", now)

    return give


@pytest.fixture
def signed_in(instance: Instance, half: SignIn) -> SignIn:
    """Signs in whole."""

    def give(name: str = "Mei", now: datetime = NOW) -> bytes:
        return open_session(instance.database, resume_session(instance.database, half(name, now), now), now)

    return give


def resumed(instance: Instance, secret: bytes, **later: float) -> Session:
    return resume_session(instance.database, secret, NOW + timedelta(**later))


def test_a_password_alone_opens_nothing(instance: Instance, half: SignIn, mei: Caseworker) -> None:
    session = resumed(instance, half())
    assert (session.stage, session.name, dict(session.caseworker.desk_keys)) == ("password", "Mei", {})
    assert not session.is_fresh(NOW)


def test_with_the_second_factor_the_desk_keys_are_there(
    instance: Instance, signed_in: SignIn, mei: Caseworker
) -> None:
    session = resumed(instance, signed_in())
    assert session.caseworker.desk_keys == mei.desk_keys
    assert session.caseworker.id == mei.id
    assert session.is_fresh(NOW + FRESH - SECOND)
    assert not session.is_fresh(NOW + FRESH)


def test_a_password_waits_ten_minutes_for_its_second_factor(instance: Instance, half: SignIn) -> None:
    secret = half()
    resume_session(instance.database, secret, NOW + HALF_WAY - SECOND)
    with pytest.raises(SignedOut):
        resume_session(instance.database, secret, NOW + HALF_WAY)


def test_after_a_quarter_of_an_hour_of_nothing_it_is_over(instance: Instance, signed_in: SignIn) -> None:
    secret = signed_in()
    at = NOW + IDLE - SECOND
    resume_session(instance.database, secret, at)
    resume_session(instance.database, secret, at + IDLE - SECOND)
    with pytest.raises(SignedOut):
        resume_session(instance.database, secret, at + IDLE - SECOND + IDLE)


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(instance: Instance, signed_in: SignIn) -> None:
    secret = signed_in()
    for minute in range(15):
        resume_session(instance.database, secret, NOW + timedelta(minutes=minute), quiet=True)
    with pytest.raises(SignedOut):
        resume_session(instance.database, secret, NOW + IDLE, quiet=True)


def test_after_eight_hours_it_is_over_whatever_is_done(instance: Instance, signed_in: SignIn) -> None:
    secret = signed_in()
    for minutes in range(0, 480, 10):
        resumed(instance, secret, minutes=minutes)
    # A fresh proof gives a new secret, and no more time.
    secret = open_session(instance.database, resumed(instance, secret, minutes=479), NOW + LONGEST - SECOND)
    assert resume_session(instance.database, secret, NOW + LONGEST - SECOND).ends_at == NOW + LONGEST
    with pytest.raises(SignedOut):
        resume_session(instance.database, secret, NOW + LONGEST)


def test_each_proof_gives_a_new_secret_and_the_old_one_is_worth_nothing(
    instance: Instance, signed_in: SignIn, half: SignIn
) -> None:
    before = half()
    session = resumed(instance, before)
    secret = open_session(instance.database, session, NOW)
    assert secret != before
    for old in (before, b"\0" * 32):
        with pytest.raises(SignedOut):
            resumed(instance, old)
    with pytest.raises(SignedOut):
        open_session(instance.database, session, NOW)


def test_there_is_one_sign_in_at_a_time(instance: Instance, signed_in: SignIn, half: SignIn) -> None:
    first = signed_in()
    half()
    assert resumed(instance, first).stage == "open"  # a password alone throws nobody out
    second = signed_in()
    with pytest.raises(SignedOut):
        resumed(instance, first)
    assert resumed(instance, second).stage == "open"


def test_after_signing_out_nothing_readable_is_left(instance: Instance, signed_in: SignIn) -> None:
    secret = signed_in()
    end_session(instance.database, secret)
    end_session(instance.database, secret)
    with pytest.raises(SignedOut):
        resumed(instance, secret)
    assert whose_session(instance.database, secret) is None
    with instance.database.reading() as connection:
        assert connection.execute(select(sessions)).all() == []


def test_what_is_kept_opens_with_the_secret_of_the_browser_alone(
    instance: Instance, signed_in: SignIn, mei: Caseworker
) -> None:
    secret = signed_in()
    private = resumed(instance, secret).private
    with instance.database.reading() as connection:
        row = connection.execute(select(sessions)).one()
    assert row.lookup == digest(encode("session", 1, secret))
    assert private not in row.locked_private
    assert secret not in row.lookup + row.locked_private
    assert secret.hex() not in repr(resumed(instance, secret))
    for key in (row.lookup, *(bytes.fromhex(f.read_text()) for f in instance.keys.path.iterdir())):
        with pytest.raises(CannotOpen):
            unlock(derive(key, "session", 1), row.locked_private, "session", 1, padded=False)


def test_whoever_is_disabled_is_out_at_the_next_request(
    instance: Instance, signed_in: SignIn, mei: Caseworker
) -> None:
    instance.added("Jo", "intake", mei)
    secret = signed_in("Jo")
    with instance.database.transaction() as connection:  # as where only this much was done so far
        connection.execute(update(staff).where(staff.c.name == "Jo").values(state="disabled"))
    with pytest.raises(SignedOut):
        resumed(instance, secret)
    with instance.database.transaction() as connection:
        connection.execute(update(staff).where(staff.c.name == "Jo").values(state="active"))
    resumed(instance, secret)
    disable_staff(instance.database, "Jo", mei)
    with instance.database.reading() as connection:
        assert connection.execute(select(sessions)).all() == []


def test_the_limits_are_those_of_the_threat_model() -> None:
    assert (timedelta(minutes=15), timedelta(hours=8)) == (IDLE, LONGEST)
    assert (timedelta(minutes=10), timedelta(minutes=5)) == (HALF_WAY, FRESH)


def test_a_replaced_password_ends_every_sign_in(
    instance: Instance, signed_in: SignIn, mei: Caseworker
) -> None:
    instance.added("Jo", "intake", mei)
    secret = signed_in("Jo")
    replace_password(instance.database, "Jo", "another long password here", mei, CHEAP)
    with pytest.raises(SignedOut):
        resumed(instance, secret)


def test_signing_out_everywhere_is_for_oneself_or_by_who_may_disable(
    instance: Instance, signed_in: SignIn, mei: Caseworker
) -> None:
    jo = instance.added("Jo", "intake", mei)
    auditor = instance.added("Au", "auditor", mei)
    secret = signed_in("Jo")
    assert is_signed_in(instance.database, NOW) == {jo.id}
    with pytest.raises(NotAllowed):
        sign_out_everywhere(instance.database, auditor, jo.id)
    assert sign_out_everywhere(instance.database, mei, jo.id) == 1
    with pytest.raises(SignedOut):
        resumed(instance, secret)
    signed_in("Jo")
    assert sign_out_everywhere(instance.database, jo, jo.id) == 1
    assert is_signed_in(instance.database, NOW) == frozenset()
    with instance.database.reading() as connection:
        ended = [e for e in audit.entries(connection) if e.event == "signed_out_everywhere"]
    assert [(e.staff, e.subject) for e in ended] == [(mei.id.hex(), jo.id.hex()), (jo.id.hex(), jo.id.hex())]


def test_forms_carry_what_belongs_to_one_sign_in(instance: Instance, signed_in: SignIn) -> None:
    first = resumed(instance, signed_in()).csrf
    second = resumed(instance, signed_in()).csrf
    assert first != second
    assert len(first) == 64


def test_what_a_passkey_is_asked_goes_with_the_sign_in(instance: Instance, half: SignIn) -> None:
    secret = half()
    set_challenge(instance.database, resumed(instance, secret), b"challenge")
    assert resumed(instance, secret).challenge == b"challenge"
    secret = open_session(instance.database, resumed(instance, secret), NOW)
    assert resumed(instance, secret).challenge is None


def test_what_is_over_is_purged(instance: Instance, signed_in: SignIn) -> None:
    secret = signed_in()
    resumed(instance, secret)
    assert whose_session(instance.database, secret) is not None
    assert purge(instance.database, instance.keys, NOW + LONGEST).sign_ins == 1
    assert whose_session(instance.database, secret) is None
