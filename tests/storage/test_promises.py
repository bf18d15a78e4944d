"""The promises of `SECURITY.md` that the store has to keep, tried by somebody who holds all it holds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from flows.vocabulary import Conversation, StepId, Turn
from storage import schema
from storage.casefile import answer_context, case_key_context, manifest_context, outer_context
from storage.epochs import Epochs
from storage.errors import BadFormat, CannotOpen
from storage.intake import Intake
from storage.remembering import Remembered
from storage.sealing import code_keys, derive, open_sealed, unlock
from tests.storage.building import CHEAP, Instance
from tests.storage.talking import NOW, Person, intake_of, reply, rows

CANARY = "canary-7731"
FORMS = [CANARY.encode(), CANARY.encode().hex().encode(), CANARY.encode("utf-16-le")]


@pytest.fixture
def intake(instance: Instance) -> Intake:
    return intake_of(instance)


def every_file(instance: Instance, folder: Path, data: Path | None) -> Iterator[Path]:
    """Every file that this instance wrote: database, keys, journal, locks."""
    yield from (path for path in folder.rglob("*") if path.is_file())
    if instance.database.dialect == "postgresql" and data is not None:
        with instance.database.alone(1) as connection:
            number = connection.execute(
                text("SELECT oid FROM pg_database WHERE datname = current_database()")
            ).scalar_one()
            connection.exec_driver_sql("CHECKPOINT")
        yield from (data / "base" / str(number)).iterdir()
        yield from (path for path in (data / "pg_wal").iterdir() if path.is_file())
        yield data / "log"


def nowhere(instance: Instance, folder: Path, data: Path | None) -> None:
    """Look for the canary in every file, and for a mark, which has to be in one: the search does find."""
    with instance.database.reading() as connection:
        mark = connection.execute(select(schema.marks.c.mark)).scalars().first()
    found = [path.read_bytes() for path in every_file(instance, folder, data)]
    assert mark is not None
    assert (data is None and instance.database.dialect == "postgresql") or any(
        mark in content for content in found
    )
    assert not [form for content, form in product(found, FORMS) if form in content]


def test_p1_of_somebody_under_16_or_not_agreeing_marks_and_counts_alone_remain(
    intake: Intake, instance: Instance, tmp_path: Path, postgresql_data: Path | None
) -> None:
    for number in range(40):
        end = ("referred", "declined", "third_party")[number % 3]
        person = Person(intake, f"{CANARY} address {number}").begins()
        person.say(lambda before, _: Turn(before, reply("age.again")), f"{CANARY} I am 15")
        last = Turn(None, reply("end", text=CANARY), counts=(end,))
        person.say(lambda _, __, last=last: last, f"{CANARY} fifteen", delivery=f"{CANARY} id {number}")  # type: ignore[misc]
        assert person.sees() is None
    assert rows(instance.database) == {"marks": 120}
    nowhere(instance, tmp_path, postgresql_data)


def test_p1_before_consent_a_copy_of_the_database_shows_nobody(
    intake: Intake, instance: Instance, tmp_path: Path, postgresql_data: Path | None
) -> None:
    for number in range(5):
        person = Person(intake, f"{CANARY}{number}")
        person.say(
            lambda *_: Turn(Conversation(StepId("age"), "en"), reply("x", text=CANARY)), f"my story {CANARY}"
        )
    nowhere(instance, tmp_path, postgresql_data)


class Thief:
    """Holds the database and the whole key directory, and tries every key on every sealed thing."""

    def __init__(self, instance: Instance) -> None:
        self._keys = instance.keys
        with instance.database.reading() as connection:
            self.cases = connection.execute(select(schema.cases)).all()
            self.conversations = connection.execute(select(schema.conversations)).all()
            self.answers = connection.execute(select(schema.answers)).all()
            self.manifests = connection.execute(select(schema.manifests)).all()
            self.receipts = connection.execute(select(schema.receipts)).all()
            self.marks = connection.execute(select(schema.marks)).all()

    def keys(self) -> Iterator[bytes]:
        """Every key there is, and what can be derived or opened from one."""
        files = [bytes.fromhex(path.read_text()) for path in self._keys.path.iterdir()]
        epochs = Epochs(self._keys).living(NOW)
        yield from files
        for epoch in epochs:
            yield from (epoch.wrap, epoch._lookup, epoch._mark)
        for row in self.conversations:
            key = Remembered.of(row, epochs).key
            yield key
            yield derive(key, "fingerprint", 1)
        for row in (*self.cases, *self.receipts):
            yield row.public_key

    def opened(self) -> list[str]:
        """What could be opened of answers, manifests and case keys: by any key, as any field."""
        found = []
        for key in self.keys():
            for row in self.answers:
                for field_id in ("name", "story", "consent"):
                    context = answer_context(row.case_id, field_id, row.sequence)
                    found += self._try(key, row.sealed, context, "answer")
            for row in self.manifests:
                found += self._try(key, row.sealed, manifest_context(row.case_id, row.number), "manifest")
            for row in self.cases:
                blobs = [row.sealed_key, *self._outer(key, row)]
                for blob in blobs:
                    found += self._try(key, blob, case_key_context(row.id, row.generation), "case key")
        return found

    def replies(self) -> list[str]:
        """What could be opened of the replies given."""
        found = []
        for key, row in product(self.keys(), self.marks):
            found += self._try(key, row.reply, ("reply", 1, row.mark), "reply")
        return found

    @staticmethod
    def _outer(key: bytes, row: Any) -> list[bytes]:
        try:
            return [unlock(key, row.sealed_key, *outer_context(row.id))]
        except (CannotOpen, BadFormat):
            return []

    @staticmethod
    def _try(key: bytes, blob: bytes, context: tuple[Any, ...], what: str) -> list[str]:
        found = []
        for how in (open_sealed, unlock):
            try:
                how(key, blob, *context)
                found.append(what)
            except (CannotOpen, BadFormat):
                pass
        return found


def test_p2_whoever_holds_database_and_keys_opens_no_answer_of_a_draft(
    intake: Intake, instance: Instance
) -> None:
    Person(intake).drafts().answers("story", CANARY, "add")
    instance.keys.destroy_bootstrap()
    thief = Thief(instance)
    assert len(thief.answers) == 3
    assert thief.opened() == []
    assert thief.replies() == []


@pytest.mark.parametrize("linked", [True, False])
def test_p2_whoever_holds_database_and_keys_opens_nothing_of_a_case(
    intake: Intake, instance: Instance, linked: bool
) -> None:
    person = Person(intake).drafts().answers("story", CANARY, "add").submits(linked=linked)
    if linked:
        person.answers("story", CANARY, "add")
    instance.keys.destroy_bootstrap()
    thief = Thief(instance)
    assert thief.manifests
    assert thief.opened() == []
    assert thief.replies() == []


def test_the_thief_does_open_what_he_has_the_key_of(intake: Intake, instance: Instance) -> None:
    """The trial itself is tried: with the desk's private key it finds the case key at once."""
    Person(intake).drafts().submits()
    thief = Thief(instance)
    instance.keys.destroy_bootstrap()
    (desk,) = instance.desk_keys.values()
    (row,) = thief.cases
    assert thief._try(desk, row.sealed_key, case_key_context(row.id, row.generation), "case key")


def test_a_case_code_opens_nothing_that_the_person_wrote(intake: Intake, instance: Instance) -> None:
    person = Person(intake).drafts().answers("story", CANARY, "add").submits()
    keys = code_keys(person.code, instance.keys.code_salt, CHEAP)
    thief = Thief(instance)
    assert [row.lookup for row in thief.receipts] == [keys.lookup]
    for row in thief.answers:
        assert not thief._try(
            keys.private, row.sealed, answer_context(row.case_id, "story", row.sequence), ""
        )
    (case,) = thief.cases
    assert not thief._try(keys.private, case.sealed_key, case_key_context(case.id, case.generation), "")


def test_nothing_in_the_database_shows_the_way_somebody_took(intake: Intake, instance: Instance) -> None:
    """Short answers, skipped answers and states of one kind look alike."""
    one = Person(intake, "one").drafts().answers("content", None).answers("name", "Al")
    other = Person(intake, "other").drafts().answers("story", "x" * 150, "add").answers("pronoun", "they")
    assert one.sees() != other.sees()
    thief = Thief(instance)
    assert len({len(row.sealed) for row in thief.answers}) == 1
    assert len({len(row.state) for row in thief.conversations}) == 1
    assert len({len(row.reply) for row in thief.marks}) == 1
