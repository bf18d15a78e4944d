"""What a message costs does not grow with what is stored: the database finds every row by a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import RawCursor
from sqlalchemy import Connection, event, text

from flows.vocabulary import Added, Erased
from storage import schema
from tests.storage.building import Instance
from tests.storage.talking import NOW, Person, intake_of
from tests.storage.test_intake import LINK, comes_back

WHOLE_TABLE = re.compile(r"\b(?:SCAN|Seq Scan on) (\w+)")
ERRANDS = re.compile(r"\b(?:FROM|UPDATE) later_work\b")
TABLES = set(schema.metadata.tables)


def test_every_query_of_a_message_is_by_key(instance: Instance) -> None:
    asked: dict[str, Any] = {}

    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")) and "pg_" not in statement:
            match values:
                case [tuple() | dict() as first, *_]:  # of many rows
                    asked[statement] = first
                case _:
                    asked[statement] = tuple(values) if isinstance(values, list) else values

    intake = intake_of(instance)
    event.listen(instance.database.engine, "before_cursor_execute", note)
    person = Person(intake).drafts().answers("links", [LINK], "add").waits(days=1)
    person.submits(linked=True).answers("links", [LINK], "add").records(Added(("other",)))
    comes_back(intake, person.code).answers("story", "more", "add").asks_for_somebody()
    person.records(Erased(), after=None)
    Person(intake, "somebody else").drafts()
    intake.leave("web", "somebody else", True, NOW)
    event.remove(instance.database.engine, "before_cursor_execute", note)

    explain = "EXPLAIN QUERY PLAN " if instance.database.dialect == "sqlite" else "EXPLAIN "
    with instance.database.reading() as connection:
        connection.execute(text("SELECT 1"))
        for statement, values in asked.items():
            # The files are scrubbed after an erasure; what is left to do is a handful of rows.
            if ERRANDS.search(statement):
                continue
            plan = "\n".join(f"{row[-1]}" for row in _asked(connection, explain + statement, values))
            assert not TABLES & set(WHOLE_TABLE.findall(plan)), f"{statement}\n{plan}"
    assert len(asked) > 15


def _asked(connection: Connection, statement: str, values: Any) -> Iterable[Sequence[Any]]:
    if "$1" not in statement:
        return connection.exec_driver_sql(statement, values)
    return RawCursor(connection.connection.driver_connection).execute(statement, values)  # type: ignore[arg-type]
