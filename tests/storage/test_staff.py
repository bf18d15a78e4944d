"""Colleagues: who may come in, who may give a slot to whom, and that the lost way back has one door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from storage import audit, schema
from storage.database import Database
from storage.errors import (
    CannotOpen,
    KeysUnusable,
    LastKeyHolder,
    NotAllowed,
    StaffDisabled,
    StaffExists,
    StaffNotFound,
    StoreError,
    UnfitName,
    UnfitPassword,
    WrongPassword,
    WrongRecoveryKey,
)
from storage.keys import KeyDirectory
from storage.recovery import RecoveryKey
from storage.sealing import PasswordKeys, PasswordParameters, password_keys, seal
from storage.signing_in import sign_in
from storage.staff import ROLES_WITH_SLOT, Role, list_staff
from storage.staffing import add_staff, disable_staff, recover, replace_password
from tests.storage.building import CHEAP, PASSWORD, Instance

OTHER_PASSWORD = "a lantern on the ferry pier"


def events(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as connection:
        assert audit.first_broken(connection) is None
        return [(entry.event, entry.staff) for entry in audit.entries(connection)]


# ------------------------------------------------------------------ the first, and the next


def test_the_first_colleague_uses_the_bootstrap_key_up(instance: Instance) -> None:
    first = instance.add("Mei", "supervisor")
    assert (first.name, first.role, first.state) == ("Mei", "supervisor", "active")
    assert instance.sign_in("Mei").desk_keys == instance.desk_keys
    assert instance.keys.bootstrap is None
    assert "bootstrap" not in instance.holders()
    with pytest.raises(NotAllowed):
        instance.add("Fong", "supervisor")


def test_the_bootstrap_key_survives_a_first_attempt_that_fails(instance: Instance) -> None:
    for name, role, password, error in [
        ("", "intake", PASSWORD, UnfitName),
        ("x" * 81, "intake", PASSWORD, UnfitName),
        ("Mei\x00", "intake", PASSWORD, UnfitName),
        ("Mei\ud800", "intake", PASSWORD, UnfitName),
        ("Mei\u202e", "intake", PASSWORD, UnfitName),
        ("Mei", "intake", "too short", UnfitPassword),
        ("Mei", "administrator", PASSWORD, NotAllowed),
        ("Mei", "auditor", PASSWORD, NotAllowed),
    ]:
        with pytest.raises(error):
            add_staff(instance.database, instance.keys, name, role, password, None, CHEAP)  # type: ignore[arg-type]
    assert list_staff(instance.database) == []
    assert instance.add("Mei", "intake").role == "intake"


@pytest.mark.parametrize("role", ["intake", "supervisor", "key_holder", "auditor", "administrator"])
def test_a_colleague_gives_a_slot_to_those_whose_role_has_one(instance: Instance, role: Role) -> None:
    mei = instance.added("Mei", "supervisor")
    added = instance.add("Fong", role, by=mei)
    expected = instance.desk_keys if role in ROLES_WITH_SLOT else {}
    assert instance.sign_in("Fong").desk_keys == expected
    assert (f"staff:{added.id.hex()}" in instance.holders()) == (role in ROLES_WITH_SLOT)


def test_who_has_no_slot_cannot_give_one_not_even_to_themselves(instance: Instance) -> None:
    mei = instance.added("Mei", "supervisor")
    administrator = instance.added("Ada", "administrator", by=mei)
    with pytest.raises(NotAllowed):
        instance.add("Fong", "intake", by=administrator)
    with pytest.raises(NotAllowed):
        replace_password(instance.database, "Ada", OTHER_PASSWORD, administrator, CHEAP)


def test_two_colleagues_may_not_differ_in_capitals_or_width_alone(instance: Instance) -> None:
    mei = instance.added("Mei Wong", "supervisor")
    for same in ("mei wong", "MEI  WONG ", "Ｍｅｉ Wong"):
        with pytest.raises(StaffExists):
            instance.add(same, "intake", by=mei)


def test_colleagues_are_listed_in_the_order_in_which_they_came(instance: Instance) -> None:
    mei = instance.added("Mei", "supervisor")
    instance.add("阿芳", "intake", by=mei)
    assert [(member.name, member.role) for member in list_staff(instance.database)] == [
        ("Mei", "supervisor"),
        ("阿芳", "intake"),
    ]


# ------------------------------------------------------------------ signing in


@pytest.mark.parametrize("name", ["Mei", " mei ", "ＭＥＩ"])
def test_a_name_is_found_however_it_is_typed(instance: Instance, name: str) -> None:
    instance.add("Mei", "intake")
    assert instance.sign_in(name).name == "Mei"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Mei", OTHER_PASSWORD),
        ("Mei", ""),
        ("Mei", "\ud800"),
        ("Nobody", PASSWORD),
        ("", PASSWORD),
        ("\x00", PASSWORD),
        ("\ud800", PASSWORD),
        ("x" * 1_000_000, PASSWORD),
    ],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    instance: Instance, name: str, password: str
) -> None:
    mei = instance.add("Mei", "intake")
    with pytest.raises(WrongPassword) as refused:
        sign_in(instance.database, name, password, CHEAP)
    assert str(refused.value) == ""
    assert events(instance.database)[-1] == ("sign_in_refused", mei.id.hex() if name == "Mei" else None)


def test_and_both_cost_one_guess_at_the_full_price(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.add("Mei", "supervisor")
    cost: list[PasswordParameters] = []

    def derive(password: str, salt: bytes, parameters: PasswordParameters) -> PasswordKeys:
        cost.append(parameters)
        return password_keys(password, salt, parameters)

    monkeypatch.setattr("storage.signing_in.password_keys", derive)
    for name in ("Mei", "nobody"):
        with pytest.raises(WrongPassword):
            sign_in(instance.database, name, "wrong wrong wrong", CHEAP)
    assert cost == [CHEAP, CHEAP]


def test_a_disabled_colleague_is_told_so_only_with_the_right_password(instance: Instance) -> None:
    mei = instance.added("Mei", "supervisor")
    instance.add("Fong", "intake", by=mei)
    disable_staff(instance.database, "Fong", mei)
    with pytest.raises(StaffDisabled):
        instance.sign_in("Fong")
    with pytest.raises(WrongPassword):
        sign_in(instance.database, "Fong", OTHER_PASSWORD, CHEAP)


def test_the_cost_of_a_password_is_raised_at_the_next_sign_in(instance: Instance) -> None:
    instance.add("Mei", "intake")
    dearer = PasswordParameters(memory=128, passes=2, lanes=1)
    for _ in range(2):
        assert sign_in(instance.database, "Mei", PASSWORD, dearer).desk_keys == instance.desk_keys
    with instance.database.reading() as connection:
        assert connection.execute(select(schema.staff.c.parameters)).scalar_one() == (
            '{"memory": 128, "passes": 2, "lanes": 1}'
        )


def test_a_slot_with_another_key_than_the_desks_is_not_taken(instance: Instance) -> None:
    mei = instance.add("Mei", "intake")
    holder = f"staff:{mei.id.hex()}"
    with instance.database.transaction() as connection:
        public = connection.execute(select(schema.staff.c.public_key)).scalar_one()
        forged = seal(public, bytes(range(32)), "slot", 1, 1, holder)
        connection.execute(update(schema.slots).where(schema.slots.c.holder == holder).values(sealed=forged))
    with pytest.raises(CannotOpen):
        instance.sign_in("Mei")


def test_a_caseworker_shows_no_key(instance: Instance) -> None:
    assert "desk_keys" not in repr(instance.added("Mei", "intake"))


# ------------------------------------------------------------------ leaving


def test_who_leaves_has_no_slot_and_no_key_any_more(instance: Instance) -> None:
    mei = instance.added("Mei", "supervisor")
    fong = instance.added("Fong", "intake", by=mei)
    assert disable_staff(instance.database, "fong", mei).state == "disabled"
    assert f"staff:{fong.id.hex()}" not in instance.holders()
    with instance.database.reading() as connection:
        kept = connection.execute(
            select(schema.staff.c.wrapped_private).where(schema.staff.c.id == fong.id)
        ).scalar_one()
    assert kept == b""
    with pytest.raises(NotAllowed):
        instance.add("Lam", "intake", by=fong)
    with pytest.raises(NotAllowed):
        disable_staff(instance.database, "Mei", fong)
    with pytest.raises(NotAllowed):
        replace_password(instance.database, "Mei", OTHER_PASSWORD, fong, CHEAP)


def test_the_last_one_with_a_slot_cannot_leave(instance: Instance) -> None:
    mei = instance.added("Mei", "supervisor")
    instance.add("Ada", "administrator", by=mei)
    with pytest.raises(LastKeyHolder):
        disable_staff(instance.database, "Mei", mei)
    assert instance.sign_in("Mei").desk_keys == instance.desk_keys


def test_only_who_may_disables_and_only_who_is_there_is_disabled(instance: Instance) -> None:
    mei = instance.added("Mei", "supervisor")
    auditor = instance.added("Audit", "auditor", by=mei)
    with pytest.raises(NotAllowed):
        disable_staff(instance.database, "Mei", auditor)
    with pytest.raises(StaffNotFound):
        disable_staff(instance.database, "Nobody", mei)
    with pytest.raises(WrongRecoveryKey):
        disable_staff(instance.database, "Mei", RecoveryKey.new())


# ------------------------------------------------------------------ lost passwords


def by_recovery_text(instance: Instance) -> None:
    recover(instance.database, instance.keys, instance.recovery_key, "Mei", OTHER_PASSWORD, CHEAP)


def by_recovery_key(instance: Instance) -> None:
    key = RecoveryKey.from_text(instance.recovery_key)
    replace_password(instance.database, "Mei", OTHER_PASSWORD, key, CHEAP)


def by_a_colleague(instance: Instance) -> None:
    fong = instance.added("Fong", "intake", by=instance.sign_in("Mei"))
    replace_password(instance.database, "Mei", OTHER_PASSWORD, fong, CHEAP)


@pytest.mark.parametrize("way", [by_recovery_text, by_recovery_key, by_a_colleague])
def test_a_lost_password_is_replaced_and_the_old_one_opens_nothing(
    instance: Instance, way: Callable[[Instance], None]
) -> None:
    instance.add("Mei", "supervisor")
    way(instance)
    back = sign_in(instance.database, "Mei", OTHER_PASSWORD, CHEAP)
    assert back.desk_keys == instance.desk_keys
    with pytest.raises(WrongPassword):
        instance.sign_in("Mei")


def test_the_recovery_key_adds_a_colleague_when_nobody_is_left(instance: Instance) -> None:
    instance.add("Mei", "supervisor")
    instance.add("Fong", "supervisor", by=RecoveryKey.from_text(instance.recovery_key))
    assert instance.sign_in("Fong").desk_keys == instance.desk_keys


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("Nobody", OTHER_PASSWORD, StaffNotFound),
        ("Mei", "too short", UnfitPassword),
        ("Fong", OTHER_PASSWORD, StaffDisabled),
    ],
)
def test_a_password_is_replaced_only_where_that_makes_sense(
    instance: Instance, name: str, password: str, error: type[StoreError]
) -> None:
    mei = instance.added("Mei", "supervisor")
    instance.add("Fong", "intake", by=mei)
    disable_staff(instance.database, "Fong", mei)
    with pytest.raises(error):
        recover(instance.database, instance.keys, instance.recovery_key, name, password, CHEAP)
    assert instance.sign_in("Mei").desk_keys == instance.desk_keys


def test_another_recovery_key_opens_nothing(instance: Instance) -> None:
    instance.add("Mei", "supervisor")
    with pytest.raises(WrongRecoveryKey):
        recover(instance.database, instance.keys, RecoveryKey.new().text, "Mei", OTHER_PASSWORD, CHEAP)


def test_recovery_notices_a_key_directory_of_another_instance(
    instance: Instance, another_key_directory: Path
) -> None:
    instance.add("Mei", "supervisor")
    with pytest.raises(KeysUnusable):
        recover(
            instance.database,
            KeyDirectory(another_key_directory),
            instance.recovery_key,
            "Mei",
            OTHER_PASSWORD,
            CHEAP,
        )


def test_every_step_is_in_the_log(instance: Instance) -> None:
    mei = instance.added("Mei", "supervisor")
    instance.added("Fong", "intake", by=mei)
    by_recovery_text(instance)
    disable_staff(instance.database, "Fong", mei)
    assert [event for event, _ in events(instance.database)] == [
        "keys_made",
        "staff_added",
        "signed_in",
        "staff_added",
        "signed_in",
        "password_replaced",
        "staff_disabled",
    ]


def test_nothing_of_a_password_or_the_recovery_key_is_kept(instance: Instance) -> None:
    instance.add("Mei", "supervisor")
    secret = RecoveryKey.from_text(instance.recovery_key).private
    with instance.database.reading() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for value in row:
                    kept = value if isinstance(value, bytes) else str(value).encode()
                    assert PASSWORD.encode() not in kept
                    assert secret not in kept
        assert connection.execute(select(func.count()).select_from(schema.staff)).scalar_one() == 1
