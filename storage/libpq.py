"""A cursor on libpq itself, for what a message asks of PostgreSQL.

psycopg's own cursor finds out at each run how every value is sent and every column read, which costs as much as the
rest of a message's database work. Here a statement is prepared once a connection, and what goes to and fro is bytes,
whole numbers and text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult


def _whole_number(sent: bytes) -> int:
    return int.from_bytes(sent, "big", signed=True)


_READ: dict[int, Callable[[bytes], Any]] = {
    16: lambda sent: sent == b"\1",  # boolean
    17: bytes,  # bytea
    20: _whole_number,  # bigint
    23: _whole_number,  # integer
    25: bytes.decode,  # text
    1043: bytes.decode,  # varchar
}
"""How a column is read from PostgreSQL's binary form, by the number of its type in `pg_type`."""

_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Cursor:
    """As much of a driver's cursor as a `Line` needs, on a connection that nobody else uses.

    Attributes:
        rowcount: how many rows the last statement changed or gave; -1 where it does neither.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        self._libpq: PGconn = connection.pgconn
        self._names: dict[str, bytes] = {}
        self._readers: dict[str, list[Callable[[bytes], Any]]] = {}
        self._row: tuple[Any, ...] | None = None
        self.rowcount = -1

    def execute(self, sql: str, values: Sequence[bytes | int | str | None] = ()) -> None:
        """Run one statement, with `$1` and so on for its values.

        Raises: what psycopg raises.
        """
        name = self._names.get(sql) or self._prepare(sql)
        sent, forms = [_sent(value) for value in values], [_form(value) for value in values]
        # None is a value too, which the declaration of psycopg leaves out.
        result = self._checked(self._libpq.exec_prepared(name, sent, forms, Format.BINARY))  # type: ignore[arg-type]
        changed = result.command_tuples
        self.rowcount = -1 if changed is None else changed
        self._row = self._read(sql, result) if result.ntuples else None

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row that the last statement gave; there are no others to be had."""
        return self._row

    def _prepare(self, sql: str) -> bytes:
        name = b"line_%d" % len(self._names)
        self._checked(self._libpq.prepare(name, sql.encode()))
        self._names[sql] = name
        return name

    def _read(self, sql: str, result: PGresult) -> tuple[Any, ...]:
        readers = self._readers.get(sql)
        if readers is None:
            readers = self._readers[sql] = [_READ[result.ftype(n)] for n in range(result.nfields)]
        sent = [result.get_value(0, n) for n in range(result.nfields)]
        return tuple(
            None if value is None else read(value) for read, value in zip(readers, sent, strict=True)
        )

    def _checked(self, result: PGresult) -> PGresult:
        if result.status not in _DONE:
            if self._libpq.status == ConnStatus.BAD:
                raise OperationalError("the connection broke")
            raise error_from_result(result)
        return result


def _sent(value: bytes | int | str | None) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else b"%d" % value


def _form(value: bytes | int | str | None) -> Format:
    # Text goes in its binary form, too: in the other one it would end at a NUL without a word.
    return Format.TEXT if isinstance(value, int) else Format.BINARY
