"""The key directory: the keys of the part that talks to people, as files outside database and backups.

    desk-<generation>.pub   what answers are sealed to; its private half is never here
    desk.fingerprint        pins the one desk key that may be sealed to
    intake.key, intake-<n>.pub   signs submitted cases; old public halves stay, to verify old cases
    code.salt               goes into the keys of case codes
    epoch-<day>.key         one per UTC day; what it locked is gone when it is destroyed
    bootstrap               opens the first slot; destroyed when the first caseworker is added

Every file is one line of hexadecimal, mode 0600, in a directory of mode 0700 (`key_files.py`).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from storage.days import day_of
from storage.errors import KeyDirectoryUnsafe
from storage.key_files import KeyProblem, destroy_key, permission_problems, read_key, sync, write_key
from storage.sealing import KeyPair, digest, encode, new_key

_DESK = re.compile(r"desk-(\d{1,9})\.pub")
_INTAKE = re.compile(r"intake-\d{1,9}\.pub")
_EPOCH = re.compile(r"epoch-(\d{1,7})\.key")
_UNFINISHED_EPOCH = re.compile(r"\.epoch-(\d{1,7})\.key\.[0-9a-f]{16}")
_FINGERPRINT = "desk.fingerprint"
_SIGNING_KEY = "intake.key"
_CODE_SALT = "code.salt"
_BOOTSTRAP = "bootstrap"

_MISSING = "is missing: run `tada init`, or mount the directory it made"

_SETTLED_AFTER = 2.0
"""Seconds. A directory changed more recently may change again without its timestamp moving on (file systems
count in steps of up to two seconds), so what was read of it is relied on only while each file is as it was."""


def _settled(stamp: int) -> bool:
    return time.time() - stamp / 1e9 > _SETTLED_AFTER


def fingerprint_of(generation: int, public: bytes) -> str:
    """Return what pins a desk key: 64 hexadecimal digits."""
    return digest(encode("desk-key", 1, generation, public)).hex()


@dataclass(frozen=True)
class _Contents:
    """The key directory as it was read at one moment."""

    stamp: int
    files: frozenset[tuple[str | int, ...]] | None
    settled: bool
    desk: tuple[int, bytes]
    signing_key: bytes = field(repr=False)
    verify_keys: tuple[bytes, ...] = field(repr=False)
    code_salt: bytes = field(repr=False)
    epochs: Mapping[int, bytes] = field(repr=False)


class KeyDirectory:
    """The keys of one instance. Safe to use from several threads, and from several processes at once.

    What was read stays in memory and is read again when the directory changed. Every property and method
    raises `KeyDirectoryUnsafe` where `problems` has something to say about what it needs.
    """

    def __init__(self, path: Path, desk_fingerprint: str | None = None) -> None:
        """Name the directory; nothing is read yet.

        Args:
            desk_fingerprint: the pin as the operator's settings have it. Where they do, it decides: a new key
                then counts only when they were changed, too.
        """
        self.path = path
        self._name = os.fspath(path)
        self._pin = desk_fingerprint
        self._contents: _Contents | None = None
        self._reading = threading.Lock()

    @classmethod
    def create(
        cls, path: Path, *, desk: tuple[int, bytes], signing: KeyPair, bootstrap: bytes
    ) -> KeyDirectory:
        """Make a new directory with every key but the epoch keys, written through to the disk.

        Raises:
            FileExistsError: there is something at `path`.
        """
        generation, public = desk
        path.mkdir(mode=0o700)
        path.chmod(0o700)
        for name, content in {
            f"desk-{generation}.pub": public,
            _FINGERPRINT: bytes.fromhex(fingerprint_of(generation, public)),
            _SIGNING_KEY: signing.private,
            "intake-1.pub": signing.public,
            _CODE_SALT: new_key(),
            _BOOTSTRAP: bootstrap,
        }.items():
            write_key(path / name, content)
        sync(path)
        return cls(path)

    # -------------------------------------------------------------- what is wrong

    def problems(self) -> list[KeyProblem]:
        """Say everything that is wrong: missing, misshapen, readable by others, or not the pinned desk key."""
        try:
            found = list(permission_problems(self.path))
        except FileNotFoundError:
            return [KeyProblem(".", _MISSING)]
        except OSError:
            return [KeyProblem(".", "cannot be read: it must belong to the user that runs this")]
        try:
            self._read()
        except KeyDirectoryUnsafe as unsafe:
            found.append(KeyProblem(unsafe.file, unsafe.what))
        return list(dict.fromkeys(found))

    def check(self) -> None:
        """Refuse to go on with a directory that has a problem.

        Raises:
            KeyDirectoryUnsafe: the first of them.
        """
        for problem in self.problems():
            raise KeyDirectoryUnsafe(problem.file, problem.what)

    # -------------------------------------------------------------- keys that stay

    @property
    def desk_public(self) -> tuple[int, bytes]:
        """The pinned desk key: its generation and its public half."""
        return self._current().desk

    @property
    def signing_key(self) -> bytes:
        """The private half of the intake key."""
        return self._current().signing_key

    @property
    def verify_keys(self) -> tuple[bytes, ...]:
        """The public halves of every intake key there was."""
        return self._current().verify_keys

    @property
    def code_salt(self) -> bytes:
        """The salt of all case codes of this instance."""
        return self._current().code_salt

    def desk_key(self, generation: int) -> bytes | None:
        """Return the public half of a desk key that is here, pinned or not yet; None where there is none."""
        path = self.path / f"desk-{generation}.pub"
        return read_key(path) if path.exists() else None

    def place_desk_key(self, generation: int, public: bytes) -> None:
        """Put a new desk key beside the pinned one. Nothing is sealed to it before it is pinned."""
        self._replace(f"desk-{generation}.pub", public)

    def pin_desk_key(self, generation: int, public: bytes) -> None:
        """Have answers sealed to this key from now on, by everybody who uses this directory."""
        self._replace(_FINGERPRINT, bytes.fromhex(fingerprint_of(generation, public)))

    def remove_desk_key(self, generation: int) -> None:
        """Remove the public half of a desk key that is no more."""
        (self.path / f"desk-{generation}.pub").unlink(missing_ok=True)
        sync(self.path)

    @property
    def newest_pinned(self) -> tuple[int, bytes]:
        """The desk key that the directory itself pins. Where the settings pin an older one, they are to be changed."""
        return KeyDirectory(self.path).desk_public

    def _replace(self, name: str, key: bytes) -> None:
        aside = self._aside(name)
        write_key(aside, key)
        aside.rename(self.path / name)
        sync(self.path)
        with self._reading:
            self._contents = None

    # -------------------------------------------------------------- epoch keys

    def living_epochs(self) -> Mapping[int, bytes]:
        """Return the epoch keys that are still there, by UTC day number."""
        return self._current().epochs

    def epoch(self, day: int) -> bytes | None:
        """Return the epoch key of a day, or None where there is none."""
        return self._current().epochs.get(day)

    def epoch_today(self, now: datetime) -> tuple[int, bytes]:
        """Return the day number and the epoch key of `now`, made if it is the first moment of a day.

        Two processes that make it at once get the same key. `now` must have a timezone.
        """
        day = day_of(now)
        return day, self.epoch(day) or self._new_epoch(day)

    def destroy_epochs_before(self, day: int) -> list[int]:
        """Overwrite and remove every epoch key older than `day`; return the days whose keys are gone."""
        destroyed = []
        for entry in sorted(self.path.iterdir()):
            match = _EPOCH.fullmatch(entry.name) or _UNFINISHED_EPOCH.fullmatch(entry.name)
            if match and int(match[1]) < day:
                destroy_key(self._out_of_sight(entry))
                destroyed.append(int(match[1]))
        if destroyed:
            sync(self.path)
        with self._reading:
            self._contents = None
        return sorted(set(destroyed))

    def _out_of_sight(self, key: Path) -> Path:
        # Renamed first, so that nobody who lists the directory meanwhile takes the overwritten bytes for a key.
        if _UNFINISHED_EPOCH.fullmatch(key.name):
            return key
        aside = self._aside(key.name)
        with contextlib.suppress(FileNotFoundError):
            key.rename(aside)
        return aside

    def _aside(self, name: str) -> Path:
        return self.path / f".{name}.{secrets.token_hex(8)}"

    def _new_epoch(self, day: int) -> bytes:
        # Written aside and linked into place: a name that is there always has a whole key behind it, and of
        # two writers one fails to link and takes the key of the other.
        name = f"epoch-{day}.key"
        aside = self._aside(name)
        write_key(aside, new_key())
        try:
            os.link(aside, self.path / name)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
        sync(self.path)
        return read_key(self.path / name)

    # -------------------------------------------------------------- bootstrap

    @property
    def bootstrap(self) -> bytes | None:
        """The private key of the first slot; None once it was destroyed."""
        path = self.path / _BOOTSTRAP
        return read_key(path) if path.exists() else None

    def destroy_bootstrap(self) -> None:
        """Overwrite and remove the bootstrap key, if it is there."""
        path = self.path / _BOOTSTRAP
        if path.exists():
            destroy_key(path)
            sync(self.path)

    # -------------------------------------------------------------- reading

    def _current(self) -> _Contents:
        contents = self._contents
        if contents is not None and self._is_as_read(contents):
            return contents
        with self._reading:
            self._contents = contents = self._read()
        return contents

    def _is_as_read(self, contents: _Contents) -> bool:
        if contents.stamp != self._stamp():
            return False
        if contents.settled or _settled(contents.stamp):
            return contents.settled
        files = self._files()
        return files is not None and files == contents.files

    def _stamp(self) -> int:
        try:
            return os.stat(self._name).st_mtime_ns  # as the path of a message asks; a Path is slow
        except OSError:
            raise KeyDirectoryUnsafe(".", _MISSING) from None

    def _files(self) -> frozenset[tuple[str | int, ...]] | None:
        """What tells each file from any other of its name, and who may read here; None while they change."""
        try:
            folder = os.stat(self._name)
            with os.scandir(self._name) as entries:
                found = {
                    (each.name, status.st_ino, status.st_ctime_ns, status.st_mode)
                    for each in entries
                    for status in (each.stat(),)
                }
            return frozenset({(".", folder.st_mode, folder.st_uid), *found})
        except OSError:
            return None

    def _read(self) -> _Contents:
        stamp, files = self._stamp(), self._files()  # first: a change while it is read is then seen next time
        try:
            for problem in permission_problems(self.path):
                raise KeyDirectoryUnsafe(problem.file, problem.what)
            # The pin first: the key that it names was there before it, and is on the list that follows.
            pin = read_key(self.path / _FINGERPRINT).hex()
            names = sorted(os.listdir(self.path))
        except OSError:
            raise KeyDirectoryUnsafe(".", "cannot be read") from None
        return _Contents(
            stamp=stamp,
            files=files,
            settled=_settled(stamp),
            desk=self._pinned_desk_key(pin, names),
            signing_key=read_key(self.path / _SIGNING_KEY),
            verify_keys=tuple(read_key(self.path / name) for name in names if _INTAKE.fullmatch(name)),
            code_salt=read_key(self.path / _CODE_SALT),
            epochs=MappingProxyType(dict(self._read_epochs(names))),
        )

    def _read_epochs(self, names: list[str]) -> Iterator[tuple[int, bytes]]:
        for name in names:
            if match := _EPOCH.fullmatch(name):
                try:
                    yield int(match[1]), read_key(self.path / name)
                except KeyDirectoryUnsafe:
                    if (self.path / name).exists():
                        raise
                    # Destroyed by another process since the directory was listed.

    def _pinned_desk_key(self, pin: str, names: list[str]) -> tuple[int, bytes]:
        wanted = pin if self._pin is None else self._pin.strip().lower()
        for name in names:
            if match := _DESK.fullmatch(name):
                generation, public = int(match[1]), read_key(self.path / name)
                if fingerprint_of(generation, public) == wanted:
                    return generation, public
        if wanted != pin:
            raise KeyDirectoryUnsafe(_FINGERPRINT, "is not the fingerprint in TADA_DESK_KEY_FINGERPRINT")
        raise KeyDirectoryUnsafe(_FINGERPRINT, "fits no desk key here: the key was replaced, or the pin was")
