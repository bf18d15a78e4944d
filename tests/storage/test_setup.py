"""Setting up: once, all of it, also after a crash; and never over what is there."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage import setup
from storage.database import Database
from storage.errors import KeyDirectoryUnsafe, KeysUnusable
from storage.keys import KeyDirectory
from storage.recovery import RecoveryKey
from storage.schema import desk_keys, slots
from storage.sealing import key_pair_of
from storage.setup import initialise
from storage.slots import BOOTSTRAP, empty, open_all


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def opened_by(database_url: str, recovery_key_text: str | None) -> dict[int, bytes]:
    assert recovery_key_text is not None
    database = Database.open(database_url)
    with database.reading() as connection:
        private = RecoveryKey.from_text(recovery_key_text).private
        found = open_all(connection, "recovery", private)
        assert connection.execute(select(func.count()).select_from(desk_keys)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(slots)).scalar_one() == 2
    database.close()
    return found


def test_a_new_instance_can_be_opened_with_what_was_printed(home: Path, database_url: str) -> None:
    made = initialise(home, database_url)
    assert made.created
    opened = opened_by(database_url, made.recovery_key_text)
    keys = KeyDirectory(home / "keys")
    assert keys.problems() == []
    generation, public = keys.desk_public
    assert key_pair_of(opened[generation]).public == public
    assert home.stat().st_mode & 0o777 == 0o700


def test_the_recovery_key_is_nowhere_on_the_disk(home: Path, tmp_path: Path) -> None:
    made = initialise(home, f"sqlite:///{home}/tada.sqlite3")
    assert made.recovery_key_text is not None
    private = RecoveryKey.from_text(made.recovery_key_text).private
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert private not in file.read_bytes()
        assert private.hex().encode() not in file.read_bytes()
    assert made.recovery_key_text not in repr(made)


def test_a_second_time_changes_nothing(home: Path, database_url: str) -> None:
    initialise(home, database_url)
    before = {file.name: file.read_bytes() for file in (home / "keys").iterdir()}
    again = initialise(home, database_url)
    assert (again.created, again.recovery_key_text) == (False, None)
    assert {file.name: file.read_bytes() for file in (home / "keys").iterdir()} == before


def test_at_once_it_is_set_up_once(home: Path, sqlite_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: initialise(home, sqlite_url), range(4)))
    [printed] = [one.recovery_key_text for one in made if one.created]
    assert opened_by(sqlite_url, printed)


@pytest.mark.parametrize("moment", ["rename", "_make_keys"])
def test_broken_off_anywhere_it_can_be_run_again(
    home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with monkeypatch.context() as crash:

        def killed(*_: object) -> None:
            raise SystemExit

        if moment == "rename":
            crash.setattr(Path, "rename", killed)
        else:
            crash.setattr(setup, "_make_keys", killed)
        with pytest.raises(SystemExit):
            initialise(home, database_url)
    made = initialise(home, database_url)
    opened = opened_by(database_url, made.recovery_key_text)
    assert key_pair_of(opened[1]).public == KeyDirectory(home / "keys").desk_public[1]
    assert not initialise(home, database_url).created


def test_a_database_whose_keys_are_missing_is_not_given_new_ones(home: Path, database_url: str) -> None:
    initialise(home, database_url)
    (home / "keys").rename(home / "mislaid")
    with pytest.raises(KeysUnusable, match="bring the key directory back"):
        initialise(home, database_url)
    (home / "mislaid").rename(home / "keys")
    assert not initialise(home, database_url).created


def test_keys_without_their_database_are_not_given_another(home: Path, tmp_path: Path) -> None:
    initialise(home, f"sqlite:///{tmp_path}/one.sqlite3")
    with pytest.raises(KeysUnusable, match="another database"):
        initialise(home, f"sqlite:///{tmp_path}/two.sqlite3")


def test_a_spoiled_key_directory_is_named(home: Path, database_url: str) -> None:
    initialise(home, database_url)
    (home / "keys" / "intake.key").chmod(0o644)
    with pytest.raises(KeyDirectoryUnsafe):
        initialise(home, database_url)


def test_what_an_older_attempt_left_is_not_used(home: Path, database_url: str) -> None:
    initialise(home.with_name("elsewhere"), f"sqlite:///{home.parent}/elsewhere.sqlite3")
    home.mkdir()
    shutil.copytree(home.with_name("elsewhere") / "keys", home / "keys.new")
    made = initialise(home, database_url)
    assert made.created
    assert not (home / "keys.new").exists()


def test_a_bootstrap_key_that_a_crash_left_is_destroyed(home: Path, database_url: str) -> None:
    initialise(home, database_url)
    keys = KeyDirectory(home / "keys")
    initialise(home, database_url)
    assert keys.bootstrap is not None
    database = Database.open(database_url)
    with database.transaction() as connection:
        empty(connection, BOOTSTRAP)
    database.close()
    initialise(home, database_url)
    assert keys.bootstrap is None
