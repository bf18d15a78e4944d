"""A copy of the database, locked with a password, and bringing it back: the same file for both databases.

The copy is one moment: whoever writes meanwhile waits for nobody. It holds what the database holds, which is
sealed, without what is of no use later: sign-ins, guesses, and errands that were done since.
It never holds a key file. The journal of erased cases is not in it either, or a restore would bring them back.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Table, func, insert, select

from storage import migrations, schema
from storage.database import Database
from storage.errors import BadFormat, CannotOpen, KeysUnusable
from storage.keys import KeyDirectory
from storage.schema import metadata
from storage.sealing import (
    PASSWORD_PARAMETERS,
    PasswordParameters,
    lock,
    new_key,
    password_keys,
    unlock,
)

FORMAT = "tada backup"
LEFT_OUT = frozenset({"sessions", "invitations", "chat_codes", "attempts", "later_work"})

_BLOCK = 1 << 20
"""Bytes of rows that are packed and locked together."""
_LARGEST = 1 << 26
"""Bytes of a locked block that are read at all; more is no file of ours."""
_ROWS = 500


class NotEmpty(KeysUnusable):
    """A backup is brought back into an empty database only: nothing is ever written over."""


@dataclass(frozen=True)
class Copied:
    """What a backup holds: rows by table, and when it was made."""

    made_at: datetime
    rows: dict[str, int]


def write_backup(
    database: Database, file: Path, password: str, parameters: PasswordParameters = PASSWORD_PARAMETERS
) -> Copied:
    """Write a copy of the database into a new file, which appears when it is complete.

    Raises:
        FileExistsError: there is something at `file`.
        StoreAway: the database cannot be had.
    """
    made_at, counted, salt = datetime.now(UTC).replace(microsecond=0), dict[str, int](), new_key()
    head = {
        "format": FORMAT,
        "version": 1,
        "made_at": made_at.isoformat(),
        "tables": migrations.current(database.engine),
        "salt": salt.hex(),
        "parameters": parameters.as_dict(),
    }
    key = password_keys(password, salt, parameters).wrap
    if file.exists():
        raise FileExistsError(17, "There is a file already", str(file))
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with database.reading() as connection, _created(unfinished) as target:
            first = json.dumps(head).encode()
            target.write(first + b"\n")
            for number, (block, is_last) in enumerate(_marked_last(_blocks(connection, counted))):
                locked = lock(key, zlib.compress(block), *_context(first, number, is_last), padded=False)
                target.write(len(locked).to_bytes(4, "big") + locked)
            target.flush()
            os.fsync(target.fileno())
        os.link(unfinished, file)  # fails where there is something by now
    finally:
        unfinished.unlink(missing_ok=True)
    return Copied(made_at, counted)


def restore_backup(database: Database, keys: KeyDirectory, file: Path, password: str) -> Copied:
    """Bring a copy back into an empty database, whole or not at all. Erased cases are to be erased again after it.

    Raises:
        CannotOpen: another password, or the file was altered or cut off.
        BadFormat: it is no backup, or of a newer version of the program.
        NotEmpty: there is something in the database.
        KeysUnusable: the key directory belongs to another instance.
    """
    with file.open("rb") as source:
        first = source.readline(_BLOCK).rstrip(b"\n")
        head = _head(first)
        key = password_keys(
            password, bytes.fromhex(head["salt"]), PasswordParameters(**head["parameters"])
        ).wrap
        blocks = _unlocked(source, key, first)
        migrations.upgrade(database.engine)
        counted: dict[str, int] = {}
        with database.transaction() as connection:
            _check_empty(connection)
            for name, rows in _rows_of(blocks):
                table = metadata.tables.get(name)
                if table is None or any(column not in table.c for row in rows for column in row):
                    raise BadFormat
                connection.execute(insert(table), rows)
                counted[name] = counted.get(name, 0) + len(rows)
            _check_belongs(connection, keys)
    return Copied(datetime.fromisoformat(head["made_at"]), counted)


# ------------------------------------------------------------------ writing


def _created(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _blocks(connection: Connection, counted: dict[str, int]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for table in metadata.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        query = select(table).execution_options(yield_per=_ROWS)
        for row in connection.execute(query):
            lines.append(_as_line(table, row._mapping))
            size += len(lines[-1])
            counted[table.name] = counted.get(table.name, 0) + 1
            if size > _BLOCK:
                yield b"\n".join(lines)
                lines, size = [], 0
    yield b"\n".join(lines)


def _as_line(table: Table, row: Any) -> bytes:
    return json.dumps([table.name, {name: _told(value) for name, value in row.items()}]).encode()


def _told(value: Any) -> Any:
    return {"b": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _marked_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    before: bytes | None = None
    for block in blocks:
        if before is not None:
            yield before, False
        before = block
    if before is not None:
        yield before, True


def _context(head: bytes, number: int, is_last: bool) -> tuple[str, int, bytes, int, int]:
    return ("backup", 1, head, number, int(is_last))


# ------------------------------------------------------------------ reading


def _head(line: bytes) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.loads(line)
        right = head["format"] == FORMAT and head["version"] == 1 and head["tables"] <= migrations.head()
        bytes.fromhex(head["salt"])
        memory = PasswordParameters(**head["parameters"]).memory
    except (ValueError, KeyError, TypeError):
        raise BadFormat from None
    if not right or not 8 <= memory <= 1 << 21:
        raise BadFormat
    return head


def _unlocked(source: IO[bytes], key: bytes, head: bytes) -> Iterator[bytes]:
    number, is_last = 0, False
    while not is_last:
        length = int.from_bytes(source.read(4), "big")
        locked = source.read(length) if 0 < length <= _LARGEST else b""
        if len(locked) != length or not length:
            raise CannotOpen
        try:
            packed = unlock(key, locked, *_context(head, number, False), padded=False)
        except CannotOpen:
            packed, is_last = unlock(key, locked, *_context(head, number, True), padded=False), True
        number += 1
        yield zlib.decompress(packed)


def _rows_of(blocks: Iterator[bytes]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give the rows in their order, a few of one table at a time."""
    name, rows = "", list[dict[str, Any]]()
    for block in blocks:
        for line in block.splitlines():
            table, row = json.loads(line)
            if rows and (table != name or len(rows) >= _ROWS):
                yield name, rows
                rows = []
            name = table
            rows.append({column: _untold(value) for column, value in row.items()})
    if rows:
        yield name, rows


def _untold(value: Any) -> Any:
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value


def _check_empty(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise NotEmpty(
                f"there is something in the database ({table.name}): give the backup an empty one, and the keys "
                "that belong to it"
            )


def _check_belongs(connection: Connection, keys: KeyDirectory) -> None:
    generation, public = keys.desk_public
    known = schema.desk_keys
    found = connection.execute(select(known.c.public_key).where(known.c.generation == generation)).scalar()
    if found != public:
        raise KeysUnusable(
            "the key directory does not belong to this backup: bring back the keys that were copied with it"
        )
