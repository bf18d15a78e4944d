"""Second factors: each code once, read only after the password, and guessing made slow."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select

from storage import audit, factors
from storage.database import Database
from storage.errors import NotAllowed, SignedOut, TooManyTries, UnfitPassword, WrongCode, WrongPassword
from storage.factors import (
    MOST_PASSKEYS,
    add_passkey,
    app_address,
    app_secret,
    check_app,
    confirm_app,
    factors_of,
    passkey_used,
    remove_passkey,
    use_recovery_code,
)
from storage.guessing import FORGOTTEN_AFTER, LONGEST_WAIT, Guesses, wait_after
from storage.invitations import (
    KEPT,
    accept_first,
    accept_new,
    accept_with_password,
    invite_again,
    invite_colleague,
    invite_first,
    invite_to_set_factor,
    read_invitation,
)
from storage.retention import purge
from storage.schema import attempts, authenticators, invitations, recovery_codes
from storage.sessions import Session, begin_session, open_session, resume_session
from storage.signing_in import check_and_open, sign_in
from storage.staff import Caseworker
from storage.staffing import disable_staff
from tests.storage.building import CHEAP, PASSWORD, Instance

NOW = datetime.now(UTC).replace(microsecond=0)
HALF_MINUTE = timedelta(seconds=30)
NEW = "nine quiet lanterns drifting"

Enter = Callable[..., Session]


@pytest.fixture
def enter(instance: Instance, mei: Caseworker) -> Enter:
    """Gives a password, for a session of this stage."""

    def begin(stage: str = "enrolling", name: str = "Mei") -> Session:
        staff_id, private = check_and_open(instance.database, name, PASSWORD, CHEAP)
        with instance.database.transaction() as connection:
            secret = begin_session(connection, staff_id, private, stage, NOW)  # type: ignore[arg-type]
        return resume_session(instance.database, secret, NOW)

    return begin


def code_of(secret: str, at: datetime) -> str:
    return pyotp.TOTP(secret).at(at)


@pytest.fixture
def enrolled(instance: Instance, enter: Enter) -> tuple[Session, str, tuple[str, ...]]:
    """A session, the secret of its app, and the recovery codes; the app's code of `NOW` is used."""
    session = enter()
    secret = app_secret(session)
    return session, secret, confirm_app(instance.database, session, code_of(secret, NOW), NOW)


# ------------------------------------------------------------------ the app


def test_the_address_of_an_app_names_the_colleague_and_the_service(enter: Enter) -> None:
    address = app_address(enter(), "Case desk")
    assert isinstance(pyotp.parse_uri(address), pyotp.TOTP)
    assert "Mei" in address
    assert "issuer=Case%20desk" in address


def test_each_code_counts_once_and_one_half_minute_back(
    instance: Instance, enrolled: tuple[Session, str, tuple[str, ...]]
) -> None:
    session, secret, _ = enrolled
    with pytest.raises(WrongCode):
        check_app(instance.database, session, code_of(secret, NOW), NOW)
    later = NOW + 10 * HALF_MINUTE
    with pytest.raises(WrongCode):
        check_app(instance.database, session, code_of(secret, later - 2 * HALF_MINUTE), later)
    with pytest.raises(WrongCode):
        check_app(instance.database, session, code_of(secret, later + HALF_MINUTE), later)
    check_app(instance.database, session, code_of(secret, later - HALF_MINUTE), later)
    check_app(
        instance.database, session, f" {code_of(secret, later)[:3]} {code_of(secret, later)[3:]}\n", later
    )
    with pytest.raises(WrongCode):
        check_app(instance.database, session, code_of(secret, later - HALF_MINUTE), later)


def test_of_two_with_the_same_code_at_once_one_gets_in(
    instance: Instance,
    enrolled: tuple[Session, str, tuple[str, ...]],
    open_database: Callable[[], Database],
) -> None:
    session, secret, _ = enrolled
    later = NOW + 10 * HALF_MINUTE

    def give(_: int) -> bool:
        try:
            check_app(open_database(), session, code_of(secret, later), later)
        except WrongCode:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(give, range(6))) == 1


@pytest.mark.parametrize(
    "code", ["", "0", "abcdef", "１２３", "\x00", "-1", "é" * 1000, "\ud800", "0000000000000"]
)
def test_nonsense_is_no_code(
    instance: Instance, enrolled: tuple[Session, str, tuple[str, ...]], code: str
) -> None:
    with pytest.raises(WrongCode):
        check_app(instance.database, enrolled[0], code, NOW + 9 * HALF_MINUTE)
    with pytest.raises(WrongCode):
        use_recovery_code(instance.database, enrolled[0], code, NOW)


def test_the_secret_of_an_app_opens_only_with_the_colleagues_own_key(
    instance: Instance, enrolled: tuple[Session, str, tuple[str, ...]], mei: Caseworker, enter: Enter
) -> None:
    instance.added("Jo", "intake", mei)
    with instance.database.reading() as connection:
        locked = connection.execute(select(authenticators.c.locked)).scalar_one()
        hashes = connection.execute(select(recovery_codes.c.lookup)).scalars().all()
    assert enrolled[1].encode() not in locked
    assert len(set(hashes)) == 10
    with pytest.raises(WrongCode):
        check_app(instance.database, enter("password", "Jo"), code_of(enrolled[1], NOW), NOW)


def test_what_is_not_confirmed_replaces_nothing(
    instance: Instance, enrolled: tuple[Session, str, tuple[str, ...]], enter: Enter
) -> None:
    _, secret, codes = enrolled
    again = enter()
    assert app_secret(again) != secret
    with pytest.raises(WrongCode):
        confirm_app(instance.database, again, "000000", NOW)
    with pytest.raises(NotAllowed):
        confirm_app(instance.database, enter("password"), "000000", NOW)
    later = NOW + 10 * HALF_MINUTE
    check_app(instance.database, again, code_of(secret, later), later)
    assert factors_of(instance.database, again.staff_id).recovery_codes == len(codes)
    renewed = confirm_app(instance.database, again, code_of(app_secret(again), NOW), NOW)
    with pytest.raises(WrongCode):
        use_recovery_code(instance.database, again, codes[0], NOW)
    assert use_recovery_code(instance.database, again, renewed[0], NOW) == 9


def test_a_recovery_code_counts_once_however_it_is_typed(
    instance: Instance, enrolled: tuple[Session, str, tuple[str, ...]], mei: Caseworker, enter: Enter
) -> None:
    session, _, codes = enrolled
    instance.added("Jo", "intake", mei)
    with pytest.raises(WrongCode):
        use_recovery_code(instance.database, enter("password", "Jo"), codes[0], NOW)
    assert use_recovery_code(instance.database, session, codes[0].lower().replace("-", " "), NOW) == 9
    with pytest.raises(WrongCode):
        use_recovery_code(instance.database, session, codes[0], NOW)
    with instance.database.reading() as connection:
        events = [entry.event for entry in audit.entries(connection)]
    assert events.count("second_factor_refused") == 2


# ------------------------------------------------------------------ passkeys


def test_passkeys_are_kept_counted_and_removed(instance: Instance, enter: Enter) -> None:
    half = enter("password")
    with pytest.raises(NotAllowed):
        add_passkey(instance.database, half, b"c", b"k", 0, "x")
    opened = open_session(instance.database, half, NOW)
    session = resume_session(instance.database, opened, NOW)
    add_passkey(instance.database, session, b"c", b"k", 3, " My \u202e key\x00 ")
    (kept,) = factors_of(instance.database, session.staff_id).passkeys
    assert (kept.credential, kept.public_key, kept.sign_count, kept.name) == (b"c", b"k", 3, "-")
    passkey_used(instance.database, session, kept, 4)
    for old in (4, 3, 0):
        with pytest.raises(WrongCode):  # a copy of it may be in use
            passkey_used(instance.database, session, kept, old)
    for n in range(MOST_PASSKEYS - 1):
        add_passkey(instance.database, session, bytes([n]), b"k", 0, "x")
    with pytest.raises(NotAllowed):
        add_passkey(instance.database, session, b"more", b"k", 0, "x")
    remove_passkey(instance.database, session, b"c")
    with pytest.raises(WrongCode):
        passkey_used(instance.database, session, kept, 9)


def test_a_passkey_that_does_not_count_is_good_each_time(instance: Instance, enter: Enter) -> None:
    session = resume_session(instance.database, open_session(instance.database, enter("password"), NOW), NOW)
    add_passkey(instance.database, session, b"c", b"k", 0, "x")
    (kept,) = factors_of(instance.database, session.staff_id).passkeys
    for _ in range(2):
        passkey_used(instance.database, session, kept, 0)


# ------------------------------------------------------------------ guessing


def test_the_wait_grows_and_ends() -> None:
    waits = [int(wait_after(n).total_seconds()) for n in range(13)]
    assert waits == [0, 0, 0, 0, 0, 12, 24, 48, 96, 192, 384, 768, 900]
    assert wait_after(10_000) == LONGEST_WAIT


def test_after_five_tries_in_vain_one_has_to_wait_and_nobody_for_good(instance: Instance) -> None:
    guesses = Guesses(instance.database, instance.keys)
    names = [guesses.account("mei"), guesses.block("203.0.113.7")]
    for _ in range(5):
        guesses.check(names, NOW)
        guesses.failed(names, NOW)
    with pytest.raises(TooManyTries) as waiting:
        guesses.check(names, NOW)
    assert waiting.value.seconds == 12
    with pytest.raises(TooManyTries):
        guesses.check([guesses.block("203.0.113.99")], NOW)
    guesses.check([guesses.block("203.0.114.7"), guesses.account("jo")], NOW)
    assert guesses.block("2001:db8:7:1::1") == guesses.block("2001:db8:7:ffff::9")
    assert guesses.block("2001:db8:7:1::1") != guesses.block("2001:db8:8:1::1")
    guesses.check(names, NOW + timedelta(seconds=12))
    guesses.succeeded(names[0])
    guesses.check(names[:1], NOW)
    assert purge(instance.database, instance.keys, NOW + FORGOTTEN_AFTER).sign_ins == 1


def test_a_storm_of_guesses_leaves_no_wait_longer_than_a_quarter_of_an_hour(instance: Instance) -> None:
    guesses = Guesses(instance.database, instance.keys)
    for _ in range(60):
        guesses.failed([guesses.account("mei")], NOW)
    with pytest.raises(TooManyTries) as waiting:
        guesses.check([guesses.account("mei")], NOW)
    assert waiting.value.seconds == LONGEST_WAIT.total_seconds()
    guesses.check([guesses.account("mei")], NOW + LONGEST_WAIT)


@pytest.mark.parametrize("address", [None, "", "nonsense", "::1", "2001:db8::1", "203.0.113.7"])
def test_every_address_is_counted_somehow(instance: Instance, address: str | None) -> None:
    assert len(Guesses(instance.database, instance.keys).block(address)) == 32


# ------------------------------------------------------------------ one-time links


def test_the_first_colleague_adds_themselves_by_a_link_that_is_good_once(instance: Instance) -> None:
    old = invite_first(instance.database)
    token = invite_first(instance.database)
    assert old is not None
    assert token is not None
    with pytest.raises(SignedOut):
        read_invitation(instance.database, old, NOW)
    assert read_invitation(instance.database, token, NOW).kind == "first"
    with pytest.raises(UnfitPassword):
        accept_first(instance.database, instance.keys, token, "Mei", "short", NOW, CHEAP)
    secret = accept_first(instance.database, instance.keys, token, "Mei", NEW, NOW, CHEAP)
    session = resume_session(instance.database, secret, NOW)
    assert (session.stage, session.role) == ("enrolling", "supervisor")
    # Until the second factor is set the same link leads on, with the password.
    assert read_invitation(instance.database, token, NOW).kind == "factor"
    with pytest.raises(WrongPassword):
        accept_with_password(instance.database, token, "wrong wrong wrong wrong", NOW, CHEAP)
    accept_with_password(instance.database, token, NEW, NOW, CHEAP)
    confirm_app(instance.database, session, code_of(app_secret(session), NOW), NOW)
    with pytest.raises(SignedOut):
        read_invitation(instance.database, token, NOW)
    assert invite_first(instance.database) is None
    assert sign_in(instance.database, "Mei", NEW, CHEAP).desk_keys == instance.desk_keys


def test_a_link_for_the_first_colleague_is_good_no_more_where_another_one_was_first(
    instance: Instance,
) -> None:
    token = invite_first(instance.database)
    assert token is not None
    instance.add("Mei", "supervisor")
    with pytest.raises(SignedOut):
        read_invitation(instance.database, token, NOW)


def test_a_new_colleague_chooses_a_password_by_a_link_and_opens_what_the_role_opens(
    instance: Instance, mei: Caseworker
) -> None:
    member, token = invite_colleague(instance.database, instance.keys, "Jo", "intake", mei)
    for guess in ("", PASSWORD, "x" * 40):
        with pytest.raises(WrongPassword):
            sign_in(instance.database, "Jo", guess, CHEAP)
    assert read_invitation(instance.database, token, NOW).name == "Jo"
    with pytest.raises(UnfitPassword):
        accept_new(instance.database, token, "short", NOW, CHEAP)
    secret = accept_new(instance.database, token, NEW, NOW, CHEAP)
    assert resume_session(instance.database, secret, NOW).staff_id == member.id
    with pytest.raises(SignedOut):
        accept_new(instance.database, token, "another password altogether", NOW, CHEAP)
    assert sign_in(instance.database, "Jo", NEW, CHEAP).desk_keys == instance.desk_keys


def test_a_lost_password_is_mended_by_a_link_and_what_was_before_opens_nothing(
    instance: Instance, mei: Caseworker, enter: Enter
) -> None:
    instance.added("Jo", "intake", mei)
    session = enter("enrolling", "Jo")
    confirm_app(instance.database, session, code_of(app_secret(session), NOW), NOW)
    token = invite_again(instance.database, "Jo", mei)
    with pytest.raises(WrongPassword):
        sign_in(instance.database, "Jo", PASSWORD, CHEAP)
    with pytest.raises(SignedOut):
        resume_session(instance.database, session.secret, NOW)
    assert factors_of(instance.database, session.staff_id) == factors.Factors(False, 0, ())
    accept_new(instance.database, token, NEW, NOW, CHEAP)
    assert sign_in(instance.database, "Jo", NEW, CHEAP).desk_keys == instance.desk_keys


def test_who_has_no_slot_gives_none_by_a_link(instance: Instance, mei: Caseworker) -> None:
    administrator = instance.added("Ad", "administrator", mei)
    with pytest.raises(NotAllowed):
        invite_colleague(instance.database, instance.keys, "Jo", "intake", administrator)
    with pytest.raises(NotAllowed):
        invite_again(instance.database, "Mei", administrator)


def test_a_link_is_over_in_time_and_when_its_colleague_left(instance: Instance, mei: Caseworker) -> None:
    _, token = invite_colleague(instance.database, instance.keys, "Jo", "intake", mei)
    read_invitation(instance.database, token, NOW + KEPT - timedelta(hours=1))
    with pytest.raises(SignedOut):
        read_invitation(instance.database, token, NOW + KEPT + timedelta(hours=1))
    disable_staff(instance.database, "Jo", mei)
    with pytest.raises(SignedOut):
        read_invitation(instance.database, token, NOW)


def test_a_first_link_is_good_for_a_day_others_for_three_and_then_they_are_gone(
    instance: Instance,
) -> None:
    for hours in (24, 72):
        if hours == 24:
            invite_first(instance.database)
        else:
            mei = instance.added("Mei", "supervisor")
            invite_colleague(instance.database, instance.keys, "Jo", "intake", mei)
        with instance.database.reading() as connection:
            (until,) = connection.scalars(select(invitations.c.erase_at))
        over = datetime.fromtimestamp(until, UTC)
        assert abs(over - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)
        assert purge(instance.database, instance.keys, over - timedelta(seconds=1)).sign_ins == 0
        assert purge(instance.database, instance.keys, over).sign_ins == 1


def test_neither_a_token_nor_who_guesses_stands_in_the_tables(instance: Instance) -> None:
    token = invite_first(instance.database)
    assert token is not None
    guesses = Guesses(instance.database, instance.keys)
    guesses.failed([guesses.account("canary-mei"), guesses.block("203.0.113.7")], NOW)
    with instance.database.reading() as connection:
        stored = [
            *connection.scalars(select(invitations.c.lookup)),
            *connection.scalars(select(attempts.c.lookup)),
        ]
    assert {len(each) for each in stored} == {32}
    for secret in (urlsafe_b64decode(token + "="), b"canary", b"203.0"):
        assert not any(secret in each for each in stored)


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 43, "\x00", "=" * 43, "a" * 100_000])
def test_what_is_no_link_leads_nowhere(instance: Instance, mei: Caseworker, token: str) -> None:
    with pytest.raises(SignedOut):
        read_invitation(instance.database, token, NOW)


def test_a_link_for_the_second_factor_needs_the_password_of_its_own_colleague(
    instance: Instance, mei: Caseworker
) -> None:
    first = invite_to_set_factor(instance.database, mei.id, mei)
    token = invite_to_set_factor(instance.database, mei.id, mei)
    with pytest.raises(SignedOut):
        read_invitation(instance.database, first, NOW)
    with pytest.raises(SignedOut):
        accept_new(instance.database, token, NEW, NOW, CHEAP)
    with pytest.raises(SignedOut):
        accept_first(instance.database, instance.keys, token, "Eve", NEW, NOW, CHEAP)
    secret = accept_with_password(instance.database, token, PASSWORD, NOW, CHEAP)
    assert resume_session(instance.database, secret, NOW).stage == "enrolling"


def test_whoever_opens_nothing_gives_no_link_to_anybody(instance: Instance, mei: Caseworker) -> None:
    fong = instance.added("Fong", "auditor", mei)
    theirs = invite_to_set_factor(instance.database, mei.id, mei)
    with pytest.raises(NotAllowed):
        invite_to_set_factor(instance.database, mei.id, fong)
    assert read_invitation(instance.database, theirs, NOW).name == "Mei"
