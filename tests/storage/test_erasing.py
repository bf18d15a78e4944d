"""What is erased is gone: from the tables, from the files, and from a backup that is restored later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from flows.vocabulary import Conversation, Erased, Raised, StepId, Turn, Unlinked
from storage import schema
from storage.cases import open_case
from storage.erasing import EraseJournal
from storage.errors import StoreAway
from storage.intake import Intake
from storage.retention import replay_erasures, run_later_work
from tests.storage.building import Instance
from tests.storage.talking import NOW, Person, intake_of, reply, rows


@pytest.fixture
def intake(instance: Instance) -> Intake:
    return intake_of(instance)


@pytest.fixture
def person(intake: Intake) -> Person:
    return Person(intake)


Files = Callable[[], Iterator[Path]]


@pytest.fixture
def files(instance: Instance, tmp_path: Path, request: pytest.FixtureRequest) -> Files:
    """Every file in which the database keeps anything now; PostgreSQL's own log apart."""
    if instance.database.dialect == "sqlite":
        return lambda: tmp_path.glob("*.sqlite3*")
    data: Path | None = request.getfixturevalue("postgresql_data")
    if data is None:
        pytest.fail(
            "the files of the server in TADA_TEST_POSTGRES cannot be searched from here", pytrace=False
        )
    with instance.database.reading() as connection:
        number = connection.execute(
            text("SELECT oid FROM pg_database WHERE datname = current_database()")
        ).scalar_one()

    def relations() -> Iterator[Path]:
        with instance.database.alone(1) as connection:
            connection.exec_driver_sql("CHECKPOINT")
        return (data / "base" / str(number)).iterdir()

    return relations


def secrets_of(instance: Instance) -> list[bytes]:
    """The bytes in the tables that must be nowhere once the case is erased.

    SQLite overwrites everything. On PostgreSQL the keys alone are seen to: without them the rest is noise.
    """
    columns = [schema.cases.c.sealed_key, schema.conversations.c.wrapped_key, schema.conversations.c.state]
    if instance.database.dialect == "sqlite":
        columns += [schema.answers.c.sealed, schema.manifests.c.sealed]
    with instance.database.reading() as connection:
        # A part of each: what lay in the unused space of a page may be overwritten at its ends.
        return [secret[20:52] for column in columns for secret in connection.scalars(select(column))]


def found_in(files: Files, secrets: list[bytes]) -> int:
    """How many of the secrets are in a file."""
    contents = [path.read_bytes() for path in files()]
    return sum(any(secret in content for content in contents) for secret in secrets)


def test_the_search_finds_what_is_there(person: Person, instance: Instance, files: Files) -> None:
    person.drafts()
    secrets = secrets_of(instance)
    assert found_in(files, secrets) == len(secrets) >= 3


def test_the_bytes_of_an_erased_draft_are_in_no_file_and_those_of_others_are(
    person: Person, intake: Intake, instance: Instance, files: Files
) -> None:
    others = [Person(intake, f"{n}").drafts() for n in range(3)]
    person.drafts()
    before = secrets_of(instance)
    person.records(Erased(), after=None)
    after = secrets_of(instance)
    erased = [secret for secret in before if secret not in after]
    assert len(erased) >= 3
    assert found_in(files, erased) == 0
    assert found_in(files, after) == len(after)
    assert all(other.sees() for other in others)


def test_the_bytes_of_an_erased_case_are_in_no_file(person: Person, instance: Instance, files: Files) -> None:
    person.drafts().submits(linked=True)
    secrets = secrets_of(instance)
    person.records(Erased(), after=None)
    assert found_in(files, secrets) == 0
    assert set(rows(instance.database)) == {"marks"}


def test_the_bytes_of_a_page_that_was_left_are_in_no_file(
    person: Person, instance: Instance, files: Files
) -> None:
    person.drafts()
    secrets = secrets_of(instance)
    person.intake.leave(person.channel, person.address, True, NOW)
    assert found_in(files, secrets) == 0
    assert set(rows(instance.database)) == {"marks"}


def test_files_that_cannot_be_scrubbed_now_are_scrubbed_later(
    person: Person, instance: Instance, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.drafts()
    secrets = secrets_of(instance)

    def away(_: object) -> bool:
        raise StoreAway

    monkeypatch.setattr("storage.intake.scrub_now", away)
    assert person.say(lambda *_: Turn(None, reply("end.erased"), (Erased(),))) == reply("end.erased")
    assert set(rows(instance.database)) == {"marks", "later_work"}
    assert run_later_work(instance.database, NOW)
    assert set(rows(instance.database)) == {"marks"}
    assert found_in(files, secrets) == 0


def test_a_reader_in_the_way_puts_scrubbing_off(person: Person, instance: Instance) -> None:
    with instance.database.reading() as connection:
        connection.execute(select(schema.cases)).all()
        person.drafts().records(Erased(), after=None)
        assert rows(instance.database).get("later_work") == 1
    assert run_later_work(instance.database, NOW)
    assert "later_work" not in rows(instance.database)


def test_erasing_begins_a_conversation_with_a_new_key(person: Person, instance: Instance) -> None:
    def keys() -> list[bytes]:
        with instance.database.reading() as connection:
            return list(connection.scalars(select(schema.conversations.c.id)))

    person.drafts()
    before = keys()
    person.records(Erased(), after=Conversation(step=StepId("age"), language="en"))
    assert person.sees() == Conversation(step=StepId("age"), language="en")
    assert len(keys()) == 1
    assert keys() != before


def test_a_case_that_somebody_took_up_meanwhile_is_raised_and_not_destroyed(
    person: Person, instance: Instance
) -> None:
    person.drafts().submits(linked=True)
    with instance.database.transaction() as connection:
        connection.execute(update(schema.cases).values(state="claimed"))
    person.records(Erased(), after=None)
    case = open_case(instance.database, instance.keys, instance.added("Ada", "supervisor"), person.reference)
    assert case.flags == ("danger", "erase")
    assert person.sees() is None


def test_a_restored_backup_forgets_what_was_erased_since(
    person: Person, intake: Intake, instance: Instance
) -> None:
    kept = Person(intake, "kept").drafts()
    person.drafts().submits(linked=True)
    with instance.database.reading() as connection:
        submitted = schema.cases.c.reference == person.reference
        backup = dict(connection.execute(select(schema.cases).where(submitted)).mappings().one())
    person.records(Erased(), after=None)
    assert rows(instance.database)["cases"] == 1
    with instance.database.transaction() as connection:
        connection.execute(schema.cases.insert(), backup)
    assert rows(instance.database)["cases"] == 2
    journal = EraseJournal(instance.keys.path.parent / "erased")
    assert replay_erasures(instance.database, journal) == 1
    assert replay_erasures(instance.database, journal) == 0
    assert rows(instance.database)["cases"] == 1
    assert kept.sees() is not None


def test_the_journal_names_nobody(person: Person, instance: Instance) -> None:
    person.drafts()
    with instance.database.reading() as connection:
        case_id = connection.scalars(select(schema.cases.c.id)).one()
    person.records(Erased(), after=None)
    path = instance.keys.path.parent / "erased"
    assert len(path.read_text().split()) == 1
    assert case_id.hex() not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_mark_is_on_the_disk_before_its_case_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    journal = EraseJournal(tmp_path / "erased")
    monkeypatch.setattr(os, "fsync", lambda _: synced.append((tmp_path / "erased").read_bytes()))
    journal.note(bytes(16))
    assert [len(each.split()) for each in synced] == [1]


def test_erasing_that_is_rolled_back_erases_nothing(person: Person, instance: Instance) -> None:
    person.drafts()
    before = rows(instance.database)

    def decide(*_: object) -> Turn:
        return Turn(Conversation(case="linked"), reply("x"), (Erased(),))

    with pytest.raises(RuntimeError):
        person.say(decide)
    assert rows(instance.database) == before


# ------------------------------------------------------------------ leaving


def test_a_page_left_before_consent_leaves_nothing(person: Person, instance: Instance) -> None:
    person.begins()
    person.intake.leave(person.channel, person.address, False, NOW)
    assert person.sees() is None
    assert set(rows(instance.database)) == {"marks"}


def test_a_page_left_in_the_middle_is_not_found_again_and_dies_in_its_time(
    person: Person, instance: Instance
) -> None:
    person.drafts()
    person.intake.leave(person.channel, person.address, False, NOW)
    assert person.sees() is None
    assert rows(instance.database)["cases"] == 1
    with instance.database.reading() as connection:
        row = connection.execute(select(schema.conversations)).one()
    assert (row.lookup, row.address) == (None, None)


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("erase", [True, False])
def test_leaving_never_destroys_a_submitted_case(
    person: Person, instance: Instance, linked: bool, erase: bool
) -> None:
    person.drafts().submits(linked=linked)
    person.intake.leave(person.channel, person.address, erase, NOW)
    assert person.sees() is None
    assert rows(instance.database)["cases"] == 1


def test_leaving_what_nobody_knows_does_nothing(intake: Intake, instance: Instance) -> None:
    intake.leave("web", "nobody", True, NOW)
    assert rows(instance.database) == {}


def test_who_unlinks_leaves_the_case_and_no_address(person: Person, instance: Instance) -> None:
    person.drafts().submits(linked=True).records(Raised("human"), Unlinked(), after=None)
    assert person.sees() is None
    assert "conversations" not in rows(instance.database)
    assert rows(instance.database)["cases"] == 1


def test_a_large_table_is_scrubbed_once_a_day(
    person: Person, instance: Instance, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.scrubbing._AT_ONCE_BYTES", 0)
    person.drafts()
    secrets = secrets_of(instance)
    person.records(Erased(), after=None)
    done_at_once = instance.database.dialect == "sqlite"
    assert run_later_work(instance.database, NOW + timedelta(hours=23)) is done_at_once
    assert run_later_work(instance.database, NOW + timedelta(hours=24))
    assert found_in(files, secrets) == 0
