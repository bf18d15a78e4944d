"""`tada backup` and `tada restore`: what comes back, what stays forgotten, and what is never in the file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from storage.backup import restore_backup, write_backup
from storage.cases import list_cases, open_case
from storage.database import Database
from storage.erasing import EraseJournal, erase_case
from storage.errors import BadFormat, CannotOpen, KeysUnusable
from storage.keys import KeyDirectory
from storage.schema import cases
from tests.storage.building import CHEAP, NOW, BuiltCase, Instance
from tests.storage.conftest import instance  # noqa: F401 - on both databases
from tests.tada.calling import LINK, PASSWORD, STORY, Tada, run

LOCKED_WITH = "eleven paper umbrellas"
MEI = {"TADA_STAFF": "Mei", "TADA_PASSWORD": PASSWORD}


def emptied(home: Path, to: Path) -> Path:
    """A new machine: the keys that stay were brought there, and nothing else."""
    (to / "keys").parent.mkdir(mode=0o700)
    shutil.copytree(home, to / "keys")
    (to / "keys").chmod(0o700)
    return to


def test_on_a_new_machine_with_the_keys_everything_opens_again(tada: Tada, tmp_path: Path) -> None:
    copy, keys = tmp_path / "out" / "copy", tmp_path / "elsewhere"
    copy.parent.mkdir()

    made = tada("backup", str(copy), "--keys", str(keys), "--password-stdin", typed=LOCKED_WITH)
    assert made.exit_code == 0, made.output
    new = emptied(keys, tmp_path / "new")
    restored = run(new, "restore", str(copy), "--password-stdin", typed=LOCKED_WITH)

    assert restored.exit_code == 0, restored.output
    assert "1 cases" in restored.stdout
    (listed,) = json.loads(run(new, "case", "list", "--json", env=MEI).stdout)
    shown = run(new, "case", "show", listed["reference"], "--json", env=MEI)
    assert json.loads(shown.stdout)["fields"]["story"] == STORY
    assert run(new, "doctor").exit_code == 0
    assert not [file.name for file in keys.iterdir() if file.name.startswith(("epoch", "bootstrap"))]


def test_a_case_that_was_erased_since_is_forgotten_again(tada: Tada, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    tada("backup", str(copy), "--password-stdin", typed=LOCKED_WITH)
    database = Database.open(f"sqlite:///{home}/tada.sqlite3")
    with database.transaction() as connection:
        case_id = connection.scalars(cases.select()).one()
        erase_case(connection, EraseJournal(home / "erased"), case_id, NOW)
    database.close()
    (home / "tada.sqlite3").unlink()

    restored = tada("restore", str(copy), "--password-stdin", typed=LOCKED_WITH)

    assert "of which 1 were erased since" in restored.stdout
    assert json.loads(tada("case", "list", "--json", env=MEI).stdout) == []


def test_nothing_is_written_over(tada: Tada, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    call = ("backup", str(copy), "--password-stdin")
    assert tada(*call, typed=LOCKED_WITH).exit_code == 0
    before = copy.read_bytes()

    assert tada(*call, typed=LOCKED_WITH).exit_code == 1
    into_one_in_use = tada("restore", str(copy), "--password-stdin", typed=LOCKED_WITH)

    assert copy.read_bytes() == before
    assert into_one_in_use.exit_code == 1
    assert "empty" in into_one_in_use.stderr
    assert copy.stat().st_mode & 0o077 == 0


def test_keys_are_not_put_beside_the_backup(tada: Tada, tmp_path: Path) -> None:
    result = tada(
        "backup", str(tmp_path / "copy"), "--keys", str(tmp_path / "keys"), "--password-stdin", typed="x"
    )

    assert result.exit_code == 2
    assert not (tmp_path / "keys").exists()


def test_the_file_says_nothing_without_its_password(tada: Tada, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    tada("backup", str(copy), "--password-stdin", typed=LOCKED_WITH)

    held = copy.read_bytes()

    assert not [word for word in (b"Mei", STORY.encode(), LINK.encode(), b"TD-") if word in held]


def test_a_short_password_locks_no_backup(tada: Tada, tmp_path: Path) -> None:
    refused = tada("backup", str(tmp_path / "copy"), "--password-stdin", typed="fourteen signs")
    assert (refused.exit_code, (tmp_path / "copy").exists()) == (1, False)


# ------------------------------------------------------------------ the store, on both databases


@pytest.fixture
def worked_in(instance: Instance) -> Instance:  # noqa: F811
    mei = instance.added("Mei", "supervisor")
    instance.add("Jo", "intake", mei)
    for number in range(3):
        BuiltCase(instance, f"TD-{number + 2222}").submit([("name", f"person {number}")], ["other"])
    return instance


def test_a_copy_of_either_database_opens_in_another_one(worked_in: Instance, tmp_path: Path) -> None:
    copied = write_backup(worked_in.database, tmp_path / "copy", LOCKED_WITH, CHEAP)
    other = Instance(Database.open(f"sqlite:///{tmp_path}/other.sqlite3"), worked_in.keys, "")

    restored = restore_backup(other.database, other.keys, tmp_path / "copy", LOCKED_WITH)

    assert restored == copied
    jo = other.sign_in("Jo")
    assert len(list_cases(other.database, other.keys, jo)) == 3
    assert open_case(other.database, other.keys, jo, "TD-2223").fields == {"name": "person 1"}
    other.database.close()


def spoil(file: Path, at: int) -> None:
    held = bytearray(file.read_bytes())
    held[at] ^= 1
    file.write_bytes(held)


@pytest.mark.parametrize("what", ["password", "altered", "cut off", "head", "nothing"])
def test_what_is_not_as_it_was_written_restores_nothing(
    worked_in: Instance, tmp_path: Path, what: str
) -> None:
    file, password = tmp_path / "copy", LOCKED_WITH
    write_backup(worked_in.database, file, password, CHEAP)
    match what:
        case "password":
            password = "another one altogether"
        case "altered":
            spoil(file, -100)
        case "cut off":
            file.write_bytes(file.read_bytes()[:-1])
        case "head":
            file.write_bytes(file.read_bytes().replace(b"tada backup", b"tada backdo", 1))
        case "nothing":
            file.write_bytes(b"")
    other = Database.open(f"sqlite:///{tmp_path}/other.sqlite3")

    with pytest.raises((CannotOpen, BadFormat)):
        restore_backup(other, worked_in.keys, file, password)

    if what not in ("head", "nothing"):
        with other.reading() as connection:
            assert connection.execute(cases.select()).all() == []
    other.close()


def test_keys_of_another_instance_are_refused(worked_in: Instance, tmp_path: Path, prepared: Path) -> None:
    write_backup(worked_in.database, tmp_path / "copy", LOCKED_WITH, CHEAP)
    other = Database.open(f"sqlite:///{tmp_path}/other.sqlite3")

    with pytest.raises(KeysUnusable):
        restore_backup(other, KeyDirectory(prepared / "keys"), tmp_path / "copy", LOCKED_WITH)
    with other.reading() as connection:
        assert connection.execute(cases.select()).all() == []
    other.close()
