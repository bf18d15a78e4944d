"""A key as a file: one line of hexadecimal that its owner alone can read, written through to the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.errors import KeyDirectoryUnsafe
from storage.sealing import KEY_BYTES


@dataclass(frozen=True)
class KeyProblem:
    """Something about the key directory that must be put right before it is used.

    Attributes:
        file: its name, or `.` for the directory itself.
        what: what is wrong, and what to do.
    """

    file: str
    what: str


def permission_problems(path: Path) -> Iterator[KeyProblem]:
    """Say which of the directory and its files others can read, or belong to somebody else."""
    if not stat.S_ISDIR(path.stat().st_mode):
        yield KeyProblem(".", "is not a directory")
        return
    for entry in (path, *sorted(path.iterdir())):
        try:
            status = entry.stat()
        except FileNotFoundError:
            continue  # destroyed in between
        name = "." if entry == path else entry.name
        if stat.S_IMODE(status.st_mode) & 0o077:
            yield KeyProblem(name, f"can be read by others: chmod {'700' if entry == path else '600'}")
        if status.st_uid != os.geteuid():
            yield KeyProblem(name, "belongs to another user than the one that runs this: chown")


def read_key(path: Path) -> bytes:
    """Read a key.

    Raises:
        KeyDirectoryUnsafe: it is missing, cannot be read, or is no key.
    """
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        raise KeyDirectoryUnsafe(path.name, "is missing") from None
    except (OSError, ValueError):
        raise KeyDirectoryUnsafe(path.name, "cannot be read") from None
    if len(key) != KEY_BYTES:
        raise KeyDirectoryUnsafe(path.name, "has not the length of a key")
    return key


def write_key(path: Path, key: bytes) -> None:
    """Write a new file. Raises: `FileExistsError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def destroy_key(path: Path) -> None:
    """Overwrite a file where it lies, then remove it. Another process may do so at the same time."""
    try:
        with path.open("r+b") as file:
            file.write(b"0" * os.fstat(file.fileno()).st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        pass


def sync(directory: Path) -> None:
    """Have the disk keep what was made, renamed and removed in a directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
