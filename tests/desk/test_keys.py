"""A new desk key from the desk, and cases sealed to it as colleagues come by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from storage import rotation
from storage.cases import list_cases
from storage.recovery import RecoveryKey
from tests.desk.conftest import Enters, text
from tests.storage.building import BuiltCase, Instance
from tests.storage.talking import Person, intake_of


@pytest.fixture
def instance(instance: Instance) -> Instance:
    for number in range(23):
        BuiltCase(instance, f"TD-{number + 3333}").submit([("name", "somebody")])
    return instance


def unreadable(instance: Instance) -> int:
    who = instance.added("Eve", "supervisor", RecoveryKey.from_text(instance.recovery_key))
    return sum(bool(case.damaged) for case in list_cases(instance.database, instance.keys, who))


def test_a_key_holder_makes_a_new_key_and_sees_how_far_it_is(instance: Instance, enters: Enters) -> None:
    mei = enters("Mei", "key_holder")

    begun = mei.post("/desk/keys/rotate")
    during = text(mei.get("/desk/keys"))
    done = mei.post("/desk/keys/go-on")

    assert begun.status_code == 303
    assert "0 of 23 cases" in during
    assert done.headers["Location"] == "/desk/keys?done=rotated"
    assert instance.keys.desk_public[0] == 2
    assert rotation.progress(instance.database) is None
    assert unreadable(instance) == 0


def test_what_was_handed_over_later_is_sealed_when_somebody_comes_by(
    instance: Instance, enters: Enters
) -> None:
    person = Person(intake_of(instance), now=datetime.now(UTC)).drafts()
    mei, jo = enters("Mei", "supervisor"), enters("Jo", "intake")
    mei.post("/desk/keys/rotate")
    mei.post("/desk/keys/go-on")
    assert "1 conversation that began before" in text(mei.get("/desk/keys"))

    person.submits()
    jo.get("/desk/")

    assert rotation.progress(instance.database) is None
    assert unreadable(instance) == 0


def test_a_colleague_who_only_reads_cases_makes_no_new_key(instance: Instance, enters: Enters) -> None:
    jo = enters("Jo", "intake")

    assert jo.get("/desk/keys").status_code == 403
    assert jo.post("/desk/keys/rotate").status_code == 403
    assert instance.keys.desk_public[0] == 1
