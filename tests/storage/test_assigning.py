"""A colleague gets another role: who may give it, what comes and goes with it, and that it counts at once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from storage import telling
from storage.assigning import change_role
from storage.casework import claim_case
from storage.errors import LastKeyHolder, NotAllowed, OwnRole, StaffDisabled, StaffNotFound, WrongPassword
from storage.finding import Wanted
from storage.invitations import accept_new
from storage.queue import queue_page
from storage.staff import ROLES, ROLES_THAT_ASSIGN, ROLES_WITH_SLOT, Caseworker, Role
from storage.staffing import disable_staff
from tests.storage.building import CHEAP, PASSWORD, BuiltCase, Instance
from tests.storage.test_staff import events

NEW_PASSWORD = "a lantern on the ferry pier"


@pytest.mark.parametrize(("before", "after"), list(product(ROLES, ROLES)))
def test_the_desk_key_comes_and_goes_with_the_role(
    instance: Instance, mei: Caseworker, before: Role, after: Role
) -> None:
    jo = instance.add("Jo", before, mei)

    token = change_role(instance.database, "Jo", after, mei)

    gets_one = after in ROLES_WITH_SLOT and before not in ROLES_WITH_SLOT
    assert (token is not None) == gets_one
    assert (f"staff:{jo.id.hex()}" in instance.holders()) == (after in ROLES_WITH_SLOT)
    if token is not None:
        # The key that had lain in the database gets nothing: the password of before opens nothing more.
        with pytest.raises(WrongPassword):
            instance.sign_in("Jo")
        accept_new(instance.database, token, PASSWORD, datetime.now(UTC), CHEAP)
    signed_in = instance.sign_in("Jo")
    assert (signed_in.role, bool(signed_in.desk_keys)) == (after, after in ROLES_WITH_SLOT)
    changed = [staff for event, staff in events(instance.database) if event == "role_changed"]
    assert changed == ([] if before == after else [mei.id.hex()])


@pytest.mark.parametrize(("by", "role"), list(product(ROLES, ROLES)))
def test_a_role_with_the_desk_key_is_given_by_whoever_holds_it(
    instance: Instance, mei: Caseworker, by: Role, role: Role
) -> None:
    somebody = instance.added("Ka", by, mei)
    instance.add("Jo", "intake" if role == "supervisor" else "supervisor", mei)
    if by in ROLES_THAT_ASSIGN and (role not in ROLES_WITH_SLOT or by in ROLES_WITH_SLOT):
        change_role(instance.database, "Jo", role, somebody)
        assert instance.sign_in("Jo").role == role
    else:
        with pytest.raises(NotAllowed):
            change_role(instance.database, "Jo", role, somebody)


def test_nobody_changes_their_own_nor_that_of_who_is_not_there(instance: Instance, mei: Caseworker) -> None:
    ada = instance.added("Ada", "administrator", mei)
    instance.add("Fong", "intake", mei)
    disable_staff(instance.database, "Fong", mei)
    for by, name, error in (
        (ada, "Ada", OwnRole),
        (mei, "mei", OwnRole),
        (mei, "Nobody", StaffNotFound),
        (mei, "Fong", StaffDisabled),
        (ada, "Mei", LastKeyHolder),
    ):
        with pytest.raises(error):
            change_role(instance.database, name, "auditor", by)
    assert instance.sign_in("Mei").desk_keys == instance.desk_keys


def test_two_who_take_each_others_role_do_not_both_succeed(instance: Instance, mei: Caseworker) -> None:
    jo = instance.added("Jo", "supervisor", mei)
    change_role(instance.database, "Mei", "intake", jo)
    with pytest.raises(NotAllowed):
        change_role(instance.database, "Jo", "intake", mei)


def test_cases_of_who_reads_none_any_more_are_among_those_that_are_stuck(
    instance: Instance, mei: Caseworker
) -> None:
    jo = instance.added("Jo", "intake", mei)
    BuiltCase(instance).submit([])
    claim_case(instance.database, jo, "TD-2345")
    telling.choose(instance.database, jo, "jo@example.org")

    change_role(instance.database, "Jo", "auditor", mei)

    (row,) = queue_page(instance.database, instance.keys, mei, Wanted(orphaned=True)).rows or ()
    assert (row.reference, row.orphaned) == ("TD-2345", True)
    assert telling.chosen(instance.database, jo.id) is None
