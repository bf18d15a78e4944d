"""The key directory: what it refuses, who gets which epoch key, and what destroying one leaves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from storage import keys as keys_module
from storage.days import day_of
from storage.errors import KeyDirectoryUnsafe
from storage.key_files import write_key
from storage.keys import KeyDirectory, fingerprint_of
from storage.sealing import new_key, new_key_pair, new_signing_key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = day_of(NOW)
DESK = new_key_pair()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keys(path: Path) -> KeyDirectory:
    return KeyDirectory.create(
        path, desk=(1, DESK.public), signing=new_signing_key(), bootstrap=new_key_pair().private
    )


def test_a_new_directory_is_private_and_has_no_problem(keys: KeyDirectory, path: Path) -> None:
    assert keys.problems() == []
    assert path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o600}
    assert keys.desk_public == (1, DESK.public)
    assert len(keys.verify_keys) == 1
    assert len(keys.code_salt) == 32


def test_a_directory_is_never_made_over_another(keys: KeyDirectory, path: Path) -> None:
    with pytest.raises(FileExistsError):
        KeyDirectory.create(path, desk=(1, DESK.public), signing=new_signing_key(), bootstrap=new_key())


# ------------------------------------------------------------------ what is refused


def replace_desk_key(path: Path) -> None:
    (path / "desk-1.pub").write_text(new_key_pair().public.hex())


SPOILED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a file that others can read": ("intake.key", lambda path: (path / "intake.key").chmod(0o640)),
    "a directory that others can enter": (".", lambda path: path.chmod(0o711)),
    "a substituted desk key": ("desk.fingerprint", replace_desk_key),
    "a substituted fingerprint": (
        "desk.fingerprint",
        lambda path: (path / "desk.fingerprint").write_text(new_key().hex()),
    ),
    "a missing desk key": ("desk.fingerprint", lambda path: (path / "desk-1.pub").unlink()),
    "a missing fingerprint": ("desk.fingerprint", lambda path: (path / "desk.fingerprint").unlink()),
    "a missing signing key": ("intake.key", lambda path: (path / "intake.key").unlink()),
    "a missing salt": ("code.salt", lambda path: (path / "code.salt").unlink()),
    "a signing key cut short": ("intake.key", lambda path: (path / "intake.key").write_text("00ff")),
    "a signing key that is no text": ("intake.key", lambda path: (path / "intake.key").write_bytes(b"\xff")),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_directory_is_named_and_not_used(keys: KeyDirectory, path: Path, what: str) -> None:
    file, spoil = SPOILED[what]
    spoil(path)
    assert [problem.file for problem in keys.problems()] == [file]
    with pytest.raises(KeyDirectoryUnsafe) as refused:
        KeyDirectory(path).check()
    assert refused.value.file == file
    with pytest.raises(KeyDirectoryUnsafe):
        _ = KeyDirectory(path).desk_public
    with pytest.raises(KeyDirectoryUnsafe):
        KeyDirectory(path).epoch_today(NOW)


def test_a_directory_of_another_user_is_named_and_not_used(
    keys: KeyDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert {problem.file for problem in keys.problems()} >= {".", "intake.key"}
    with pytest.raises(KeyDirectoryUnsafe):
        _ = KeyDirectory(keys.path).signing_key


def test_a_key_is_on_the_disk_before_anything_is_locked_with_it(
    keys: KeyDirectory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    through = os.fsync

    def sync(file: int) -> None:
        synced.append(os.fstat(file).st_ino)
        through(file)

    monkeypatch.setattr(os, "fsync", sync)
    keys.epoch_today(NOW)
    keys.place_desk_key(2, new_key_pair().public)
    made = {(path / name).stat().st_ino for name in (f"epoch-{TODAY}.key", "desk-2.pub", ".")}
    assert made <= set(synced)


def test_a_missing_directory_is_named(path: Path) -> None:
    assert [problem.file for problem in KeyDirectory(path).problems()] == ["."]
    with pytest.raises(KeyDirectoryUnsafe):
        KeyDirectory(path).living_epochs()


def test_a_file_in_its_place_is_no_directory(path: Path) -> None:
    path.write_text("")
    path.chmod(0o600)
    assert "." in [problem.file for problem in KeyDirectory(path).problems()]


def test_the_operators_pin_counts_too(keys: KeyDirectory, path: Path) -> None:
    assert KeyDirectory(path, fingerprint_of(1, DESK.public).upper() + "\n").problems() == []
    assert KeyDirectory(path, fingerprint_of(2, DESK.public)).problems() != []


def test_a_new_desk_key_counts_from_the_moment_it_is_pinned(keys: KeyDirectory, path: Path) -> None:
    later = new_key_pair().public
    put(path / "desk-2.pub", later)
    assert keys.desk_public == (1, DESK.public)
    aside = put(path / "pin", bytes.fromhex(fingerprint_of(2, later)))
    aside.rename(path / "desk.fingerprint")
    assert keys.desk_public == (2, later)


def put(file: Path, key: bytes) -> Path:
    file.touch(mode=0o600)
    file.write_text(key.hex() + "\n")
    return file


def test_no_key_shows_in_a_message_or_a_repr(keys: KeyDirectory, path: Path) -> None:
    secret = keys.signing_key.hex()
    contents = keys._current()
    assert secret not in repr(contents)
    assert repr(keys.signing_key) not in repr(contents)
    (path / "intake.key").write_text(secret + "0")
    assert secret not in str(keys.problems())


# ------------------------------------------------------------------ epoch keys


def test_a_day_has_one_key_and_the_next_day_another(keys: KeyDirectory, path: Path) -> None:
    day, key = keys.epoch_today(NOW)
    tomorrow, other = keys.epoch_today(NOW.replace(day=2))
    assert (day, tomorrow) == (TODAY, TODAY + 1)
    assert key != other
    assert keys.epoch_today(NOW.replace(hour=23)) == (day, key)
    assert KeyDirectory(path).epoch(day) == key
    assert keys.epoch(day - 1) is None
    assert keys.living_epochs() == {day: key, tomorrow: other}


def test_a_day_begins_at_midnight_utc_wherever_it_is_told() -> None:
    assert day_of(datetime.fromisoformat("2026-03-02T07:59:59+08:00")) == TODAY
    assert day_of(datetime.fromisoformat("2026-03-02T08:00:00+08:00")) == TODAY + 1


def test_a_key_that_another_process_made_is_seen_at_once(keys: KeyDirectory, path: Path) -> None:
    for day in range(1, 20):
        assert keys.living_epochs() == KeyDirectory(path).living_epochs()
        made = KeyDirectory(path).epoch_today(NOW.replace(day=day))
        assert keys.epoch(made[0]) == made[1]


@pytest.mark.parametrize("changed", ["just now", "long ago"])
def test_what_was_read_is_remembered_while_nothing_changes(
    keys: KeyDirectory, path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    keys.epoch_today(NOW)
    at = time.time() if changed == "just now" else 1_700_000_000
    os.utime(path, (at, at))
    keys.epoch_today(NOW)
    monkeypatch.setattr(keys_module, "read_key", lambda path: pytest.fail(f"{path.name} was read again"))
    assert keys.epoch_today(NOW)[0] == TODAY
    assert keys.desk_public == (1, DESK.public)


def test_a_key_replaced_in_the_same_moment_is_seen_though_the_directory_shows_no_change(
    keys: KeyDirectory, path: Path
) -> None:
    keys.epoch_today(NOW)
    at = time.time()
    os.utime(path, (at, at))
    assert keys.code_salt != bytes(32)
    write_key(path / "aside", bytes(32))
    os.replace(path / "aside", path / "code.salt")
    os.utime(path, (at, at))
    assert keys.code_salt == bytes(32)


def test_what_is_opened_to_others_just_after_it_was_made_is_not_used(keys: KeyDirectory, path: Path) -> None:
    made = keys.epoch_today(NOW)
    assert keys.epoch_today(NOW) == made
    path.chmod(0o711)
    with pytest.raises(KeyDirectoryUnsafe, match="can be read by others"):
        keys.epoch_today(NOW)


def _today(path: Path) -> bytes:
    return KeyDirectory(path).epoch_today(NOW)[1]


def test_two_processes_that_make_a_key_at_once_get_the_same(keys: KeyDirectory, path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        made = set(pool.map(_today, [path] * 32))
    assert len(made) == 1
    assert [file.name for file in path.iterdir() if file.name.startswith(".")] == []


def test_destroying_leaves_no_key_of_an_older_day(keys: KeyDirectory, path: Path) -> None:
    old = keys.epoch_today(NOW)[1]
    kept = keys.epoch_today(NOW.replace(day=2))[1]
    assert keys.destroy_epochs_before(TODAY + 1) == [TODAY]
    assert keys.living_epochs() == {TODAY + 1: kept}
    assert all(old.hex() not in file.read_text() for file in path.iterdir())
    assert keys.destroy_epochs_before(TODAY + 1) == []


def test_a_destroyed_key_is_overwritten_before_it_is_removed(keys: KeyDirectory, path: Path) -> None:
    key = keys.epoch_today(NOW)[1]
    os.link(path / f"epoch-{TODAY}.key", path.parent / "the same bytes on the disk")
    keys.destroy_epochs_before(TODAY + 1)
    assert key.hex() not in (path.parent / "the same bytes on the disk").read_text()


def test_a_key_left_half_made_by_a_crash_is_destroyed_with_its_day(keys: KeyDirectory, path: Path) -> None:
    left = put(path / f".epoch-{TODAY}.key.0123456789abcdef", new_key())
    assert keys.living_epochs() == {}
    assert keys.destroy_epochs_before(TODAY) == []
    assert left.exists()
    assert keys.destroy_epochs_before(TODAY + 1) == [TODAY]
    assert not left.exists()


def test_the_bootstrap_key_goes_without_trace(keys: KeyDirectory, path: Path) -> None:
    secret = keys.bootstrap
    assert secret is not None
    os.link(path / "bootstrap", path.parent / "the same bytes on the disk")
    keys.destroy_bootstrap()
    assert secret.hex() not in (path.parent / "the same bytes on the disk").read_text()
    keys.destroy_bootstrap()
    assert keys.bootstrap is None
    assert all(secret.hex() not in file.read_text() for file in path.iterdir())
    assert keys.problems() == []
