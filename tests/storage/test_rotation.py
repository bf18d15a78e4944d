"""Rotating the desk key: nothing becomes unreadable, whoever writes, adds colleagues or dies meanwhile."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import pytest
from sqlalchemy import event, select, update

from storage import exchange, rotation, writing
from storage.casefile import case_key_context
from storage.cases import list_cases, open_case
from storage.database import Database
from storage.errors import CannotOpen, KeysUnusable, NotAllowed, StoreAway
from storage.keys import KeyDirectory, fingerprint_of
from storage.recovery import RecoveryKey
from storage.schema import audit, cases, desk_keys, slots
from storage.sealing import new_key, new_key_pair, open_sealed
from storage.slots import holder_of
from storage.staff import Caseworker
from storage.staffing import disable_staff, replace_password
from tests.storage.building import CHEAP, PASSWORD, BuiltCase, Instance
from tests.storage.talking import Person, intake_of

CASES = 25


@dataclass
class Team:
    """Two colleagues, and cases that came before anything was rotated."""

    instance: Instance
    mei: Caseworker

    def rotate(self, by: rotation.Holder | None = None, anew: bool = False) -> None:
        holder = by or self.instance.sign_in("Mei")
        rotation.begin(self.instance.database, self.instance.keys, holder, anew)
        for _ in rotation.reseal(
            self.instance.database, self.instance.keys, by or self.instance.sign_in("Mei")
        ):
            pass
        rotation.finish(self.instance.database, self.instance.keys)

    def unreadable(self, name: str = "Jo") -> list[str]:
        """The cases that a colleague who signs in now cannot open."""
        who = self.instance.sign_in(name)
        found = list_cases(self.instance.database, self.instance.keys, who)
        return [case.reference for case in found if case.damaged]

    def generations(self) -> set[int]:
        with self.instance.database.reading() as connection:
            return set(connection.scalars(select(cases.c.generation)))

    def holders(self, generation: int) -> set[str]:
        with self.instance.database.reading() as connection:
            return set(connection.scalars(select(slots.c.holder).where(slots.c.generation == generation)))


@pytest.fixture
def team(instance: Instance) -> Team:
    mei = instance.added("Mei", "supervisor")
    instance.add("Jo", "intake", mei)
    for number in range(CASES):
        reference = f"TD-{number + 2222}"
        BuiltCase(instance, reference).submit([("name", f"person {number}"), ("story", "what happened")])
    return Team(instance, mei)


def test_everybody_who_held_the_old_key_opens_every_case_with_the_new_one(team: Team) -> None:
    instance, before = team.instance, dict(team.mei.desk_keys)

    team.rotate()

    assert team.generations() == {2}
    assert team.holders(2) == {"recovery", holder_of(team.mei.id), holder_of(instance.sign_in("Jo").id)}
    assert team.holders(1) == set()
    assert set(instance.sign_in("Jo").desk_keys) == {2}
    assert team.unreadable() == []
    opened = open_case(instance.database, instance.keys, instance.sign_in("Jo"), "TD-2230")
    assert opened.fields == {"name": "person 8", "story": "what happened"}
    assert RecoveryKey.from_text(instance.recovery_key)
    assert set(instance.desk_keys) == {2}
    with instance.database.reading() as connection:
        rows = connection.execute(select(cases.c.id, cases.c.sealed_key)).all()
    for case_id, sealed in rows:
        for generation in (1, 2):
            with pytest.raises(CannotOpen):
                open_sealed(before[1], sealed, *case_key_context(case_id, generation))
    assert instance.keys.desk_public[0] == 2
    assert not (instance.keys.path / "desk-1.pub").exists()
    assert rotation.progress(instance.database) is None


def test_it_is_in_the_log(team: Team) -> None:
    team.rotate()

    with team.instance.database.reading() as connection:
        noted = connection.execute(
            select(audit.c.staff, audit.c.event, audit.c.subject).where(
                audit.c.event.in_(("key_rotated", "key_destroyed"))
            )
        ).all()
    assert [tuple(row) for row in noted] == [
        (team.mei.id.hex(), "key_rotated", "2"),
        (None, "key_destroyed", "1"),
    ]


def test_the_recovery_key_rotates_too_when_nobody_else_can(team: Team) -> None:
    team.rotate(RecoveryKey.from_text(team.instance.recovery_key))

    assert team.generations() == {2}
    assert team.unreadable() == []


def test_progress_is_told_batch_by_batch_and_anybody_may_go_on(team: Team) -> None:
    instance = team.instance
    rotation.begin(instance.database, instance.keys, team.mei)

    first = next(rotation.reseal(instance.database, instance.keys, team.mei))
    rest = list(rotation.reseal(instance.database, instance.keys, instance.sign_in("Jo")))

    assert (first.done, first.left, first.drafts) == (10, CASES - 10, 0)
    assert (rest[-1].done, rest[-1].left) == (CASES, 0)
    assert not [case for case in team.unreadable() if case]


def test_ten_rotations_while_people_write_leave_nothing_unreadable(team: Team) -> None:
    instance, stop, failed = team.instance, threading.Event(), []
    submitted: list[str] = []

    def talk(name: str) -> None:
        intake = intake_of(instance)
        number = 0
        while not stop.is_set():
            number += 1
            person = Person(intake, f"{name} {number}")
            try:
                person.drafts().submits()
                submitted.append(person.reference)
            except Exception as error:
                failed.append(error)

    talking = [threading.Thread(target=talk, args=(f"somebody{n}",)) for n in range(2)]
    for thread in talking:
        thread.start()
    for _ in range(10):
        team.rotate(anew=True)
    stop.set()
    for thread in talking:
        thread.join()
    team.rotate(anew=True)

    assert failed == []
    assert len(submitted) > 10
    found = list_cases(instance.database, instance.keys, instance.sign_in("Jo"))
    assert {case.reference for case in found} >= set(submitted)
    assert team.unreadable() == []
    assert team.generations() == {12}
    with instance.database.reading() as connection:
        assert connection.scalars(select(desk_keys.c.state).order_by(desk_keys.c.generation)).all() == [
            *["destroyed"] * 11,
            "current",
        ]


def die_at(database: Database, statement: int) -> None:
    """Have this process killed before its n-th statement."""
    seen = 0

    @event.listens_for(database.engine, "before_cursor_execute")
    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)


def test_killed_anywhere_it_is_taken_up_again(team: Team, database_url: str) -> None:
    instance, deaths = team.instance, 0
    for statement in range(1, 90, 4):
        child = os.fork()
        if not child:
            database = Database.open(database_url)
            mei = Instance(database, instance.keys, "").sign_in("Mei")
            die_at(database, statement)
            rotation.begin(database, instance.keys, mei, anew=True)
            for _ in rotation.reseal(database, instance.keys, mei, batch=4):
                pass
            rotation.finish(database, instance.keys)
            os._exit(0)
        deaths += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        # Whatever was left, everything opens: also what is written now.
        reference = f"TD-{statement + 5555}"
        BuiltCase(instance, reference).submit([("name", "meanwhile")])
        assert team.unreadable() == []
    team.rotate()

    assert deaths > 10
    assert team.unreadable() == []
    assert len(team.generations()) == 1


STAGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before anything is in the database": lambda patch: patch.setattr("storage.slots.give_next", _break_off),
    "before the new key is pinned": lambda patch: patch.setattr(KeyDirectory, "pin_desk_key", _break_off),
    "before the old key is removed": lambda patch: patch.setattr(KeyDirectory, "remove_desk_key", _break_off),
}


def _break_off(*_: object) -> None:
    raise RuntimeError("the power went")


@pytest.mark.parametrize("stage", STAGES)
def test_broken_off_it_goes_on_where_it_was(team: Team, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    with monkeypatch.context() as patch:
        STAGES[stage](patch)
        with pytest.raises(RuntimeError):
            team.rotate()
    assert team.unreadable() == []

    team.rotate()

    assert team.unreadable() == []
    assert len(team.generations()) == 1
    assert team.instance.keys.desk_public[0] == max(team.generations())


# ------------------------------------------------------------------ what keeps the old key


def test_an_unfinished_conversation_keeps_the_old_key_until_it_is_submitted(team: Team) -> None:
    person = Person(intake_of(team.instance)).drafts()

    team.rotate()
    during = rotation.progress(team.instance.database)
    assert during is not None
    assert (during.left, during.drafts) == (0, 1)
    assert team.holders(1)
    person.submits()
    team.rotate()

    assert rotation.progress(team.instance.database) is None
    assert team.generations() == {2}
    assert team.unreadable() == []


def test_a_case_is_never_begun_under_a_key_that_was_destroyed(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = team.instance.keys.desk_public
    team.rotate()
    with monkeypatch.context() as patch:
        patch.setattr(KeyDirectory, "desk_public", late)
        with pytest.raises(StoreAway):
            Person(intake_of(team.instance)).drafts()

    Person(intake_of(team.instance)).drafts()


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "step by step"])
def test_a_case_that_begins_waits_for_whoever_destroys_its_key(
    team: Team, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not at_once:
        monkeypatch.setattr(writing, "goes_at_once", lambda *_: False)
        monkeypatch.setattr(exchange, "goes_at_once", lambda *_: False)
    person = Person(intake_of(team.instance)).begins()
    with ThreadPoolExecutor(1) as pool:
        with team.instance.database.transaction() as connection:
            connection.execute(update(desk_keys).values(state="destroyed"))
            begun = pool.submit(person.consents)
            assert not wait([begun], timeout=0.3).done
        with pytest.raises(StoreAway):
            begun.result()
    with team.instance.database.reading() as connection:
        assert "draft" not in connection.scalars(select(cases.c.state)).all()


def test_a_case_that_does_not_open_keeps_the_old_key_and_stays_damaged(team: Team) -> None:
    with team.instance.database.transaction() as connection:
        connection.execute(
            update(cases).where(cases.c.reference == "TD-2222").values(sealed_key=b"\x01" + new_key() * 4)
        )

    team.rotate()

    assert team.unreadable() == ["TD-2222"]
    assert team.holders(1)


def test_answers_go_to_the_key_that_the_settings_pin_until_they_are_changed(team: Team) -> None:
    instance = team.instance
    pinned = KeyDirectory(instance.keys.path, fingerprint_of(*instance.keys.desk_public))

    rotation.begin(instance.database, pinned, team.mei)
    list(rotation.reseal(instance.database, pinned, instance.sign_in("Mei")))

    assert pinned.desk_public[0] == 1
    assert pinned.newest_pinned[0] == 2
    assert not rotation.finish(instance.database, pinned)
    assert team.holders(1)
    changed = KeyDirectory(instance.keys.path, fingerprint_of(*pinned.newest_pinned))
    assert changed.desk_public[0] == 2
    assert rotation.finish(instance.database, changed)


# ------------------------------------------------------------------ who gets the new key


def test_whoever_left_gets_no_new_key(team: Team) -> None:
    disable_staff(team.instance.database, "Jo", team.mei)

    team.rotate()

    assert team.holders(2) == {"recovery", holder_of(team.mei.id)}
    assert team.unreadable("Mei") == []


def test_a_key_put_into_the_database_by_somebody_else_is_given_nothing(team: Team) -> None:
    with team.instance.database.transaction() as connection:
        connection.execute(
            update(slots).where(slots.c.holder == "recovery").values(public_key=new_key_pair().public)
        )

    with pytest.raises(KeysUnusable, match="recovery"):
        team.rotate()

    assert team.generations() == {1}
    assert team.instance.keys.desk_public[0] == 1
    assert team.unreadable() == []


def test_a_desk_key_put_into_the_database_by_somebody_else_is_never_pinned(team: Team) -> None:
    forged = new_key_pair()
    with team.instance.database.transaction() as connection:
        connection.execute(update(desk_keys).values(state="retiring"))
        connection.execute(
            desk_keys.insert().values(generation=2, public_key=forged.public, state="current", created_at=0)
        )

    with pytest.raises(KeysUnusable):
        team.rotate()

    assert team.instance.keys.desk_public[0] == 1


def test_who_signed_in_before_a_rotation_cannot_give_half_of_the_keys(team: Team) -> None:
    rotation.begin(team.instance.database, team.instance.keys, team.mei)

    with pytest.raises(KeysUnusable):
        team.instance.add("Kit", "intake", team.mei)
    with pytest.raises(KeysUnusable):
        replace_password(team.instance.database, "Jo", PASSWORD + "!", team.mei, CHEAP)

    team.instance.add("Kit", "intake", team.instance.sign_in("Mei"))
    assert team.unreadable("Kit") == []


def test_who_holds_no_key_cannot_rotate(team: Team) -> None:
    auditor = team.instance.added("Ada", "auditor", team.mei)

    with pytest.raises(NotAllowed):
        team.rotate(auditor)
