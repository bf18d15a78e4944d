"""Tables: what the migrations make is what the code expects, and refuses what must not be stored."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Table, insert, select

from storage import migrations, schema
from storage.database import Database
from storage.errors import StoreRefused

OLD_FILES = Path(__file__).parent / "old"

ID, PARENT, OTHER, HASH = b"i" * 16, b"p" * 16, b"o" * 16, b"h" * 32
CASE: dict[str, Any] = {
    "id": ID,
    "state": "queued",
    "public_key": HASH,
    "sealed_key": b"",
    "generation": 1,
    "reference": "TD-2345",
    "priority": "normal",
    "started_on": 20779,
    "queued_on": 20779,
}
GOOD: dict[Table, dict[str, Any]] = {
    schema.conversations: {"id": ID, "lookup": HASH, "epoch": 1, "wrapped_key": b"", "state": b""},
    schema.marks: {"mark": HASH, "reply": b"", "erase_at": 0},
    schema.cases: CASE,
    schema.answers: {"case_id": PARENT, "sequence": 0, "sealed": b""},
    schema.manifests: {"case_id": PARENT, "number": 0, "sealed": b"", "signature": b""},
    schema.links: {"case_id": PARENT, "number": 0, "platform": "other", "status": "new"},
    schema.receipts: {"lookup": HASH, "case_id": PARENT, "public_key": HASH},
    schema.counts: {"month": "2026-11", "name": "a", "n": 1},
    schema.later_work: {"id": ID, "kind": "scrub", "due_at": 0},
    schema.staff: {
        "id": ID,
        "name": "Ada",
        "name_key": "ada",
        "role": "intake",
        "state": "active",
        "salt": b"",
        "parameters": "{}",
        "check_value": HASH,
        "public_key": HASH,
        "wrapped_private": b"",
        "created_at": 0,
    },
    schema.desk_keys: {"generation": 2, "public_key": HASH, "state": "current", "created_at": 0},
    schema.slots: {"generation": 1, "holder": "recovery", "sealed": b""},
    schema.audit: {"number": 1, "at": 0, "event": "e", "previous": HASH, "hash": HASH},
    schema.entries: {"case_id": PARENT, "number": 0, "locked": b""},
    schema.letters: {
        "id": ID,
        "case_id": PARENT,
        "reader": "chat",
        "state": "waiting",
        "sealed": b"",
        "entry": 0,
    },
    schema.digests: {"staff_id": PARENT, "address": "mei@example.org", "told": ""},
    schema.saved_replies: {"id": ID, "name": "n", "en": "e", "zh_Hant_HK": "z"},
    schema.requests: {"id": ID, "case_id": PARENT, "kind": "copy", "asked_on": 1, "due_on": 41},
    schema.erasures: {
        "number": "E-1",
        "erased_on": 1,
        "reason": "asked",
        "proposed_by": PARENT,
        "confirmed_by": OTHER,
    },
    schema.refusals: {
        "id": ID,
        "refused_on": 1,
        "kind": "copy",
        "reason": "identity",
        "subject": "",
        "staff_id": PARENT,
        "erase_at": 0,
    },
    schema.sessions: {
        "lookup": HASH,
        "staff_id": PARENT,
        "stage": "password",
        "locked_private": b"",
        "began_at": 0,
        "seen_at": 0,
        "erase_at": 0,
    },
    schema.authenticators: {"staff_id": PARENT, "locked": b"", "last_step": 0},
    schema.passkeys: {
        "credential": b"c",
        "staff_id": PARENT,
        "public_key": b"",
        "sign_count": 0,
        "name": "key",
        "added_on": 0,
    },
    schema.browsers: {"lookup": HASH, "staff_id": PARENT, "seen": 1, "erase_at": 0},
    schema.recovery_codes: {"lookup": HASH, "staff_id": PARENT},
    schema.chat_codes: {"lookup": HASH, "staff_id": PARENT, "erase_at": 0},
    schema.invitations: {"lookup": HASH, "staff_id": PARENT, "erase_at": 0},
    schema.attempts: {"lookup": HASH, "failures": 1, "free_at": 0, "erase_at": 0},
}
BAD: list[tuple[Table, dict[str, Any]]] = [
    (schema.conversations, {"id": b"short"}),
    (schema.conversations, {"lookup": b"short"}),
    (schema.conversations, {"case_id": b"n" * 16}),
    (schema.marks, {"mark": b"short"}),
    (schema.marks, {"erase_at": None}),
    (schema.cases, {"id": b"short"}),
    (schema.cases, {"state": "lost"}),
    (schema.cases, {"public_key": b"short"}),
    (schema.cases, {"priority": "whenever"}),
    (schema.cases, {"reference": None}),
    (schema.cases, {"reference": "TD-PPPP"}),
    (schema.cases, {"priority": None}),
    (schema.cases, {"queued_on": None}),
    (schema.answers, {"sequence": -1}),
    (schema.answers, {"case_id": b"n" * 16}),
    (schema.manifests, {"number": -1}),
    (schema.links, {"number": -1}),
    (schema.links, {"status": "forgotten"}),
    (schema.receipts, {"lookup": b"short"}),
    (schema.receipts, {"public_key": b"short"}),
    (schema.counts, {"month": "November"}),
    (schema.counts, {"n": -1}),
    (schema.later_work, {"id": b"short"}),
    (schema.staff, {"id": b"short"}),
    (schema.staff, {"role": "anyone"}),
    (schema.staff, {"state": "asleep"}),
    (schema.staff, {"check_value": b"short"}),
    (schema.staff, {"public_key": b"short"}),
    (schema.desk_keys, {"generation": 0}),
    (schema.desk_keys, {"public_key": b"short"}),
    (schema.desk_keys, {"state": "new"}),
    (schema.slots, {"generation": 9}),
    (schema.slots, {"public_key": b"short"}),
    (schema.slots, {"proof": b"short"}),
    (schema.digests, {"staff_id": b"n" * 16}),
    (schema.digests, {"address": None}),
    (schema.audit, {"previous": b"short"}),
    (schema.audit, {"hash": b"short"}),
    (schema.conversations, {"letter_key": b"short"}),
    (schema.cases, {"claimed_by": b"n" * 16}),
    (schema.entries, {"number": -1}),
    (schema.entries, {"case_id": b"n" * 16}),
    (schema.letters, {"id": b"short"}),
    (schema.letters, {"case_id": b"n" * 16}),
    (schema.letters, {"reader": "everybody"}),
    (schema.letters, {"state": "lost"}),
    (schema.letters, {"entry": -1}),
    (schema.letters, {"letter_key": b"short"}),
    (schema.saved_replies, {"id": b"short"}),
    (schema.requests, {"kind": "whatever"}),
    (schema.requests, {"state": "lost"}),
    (schema.requests, {"case_id": b"n" * 16}),
    (schema.erasures, {"confirmed_by": PARENT}),
    (schema.erasures, {"confirmed_by": b"n" * 16}),
    (schema.refusals, {"kind": "whatever"}),
    (schema.refusals, {"staff_id": b"n" * 16}),
    (schema.sessions, {"lookup": b"short"}),
    (schema.sessions, {"staff_id": b"n" * 16}),
    (schema.sessions, {"stage": "almost"}),
    (schema.authenticators, {"staff_id": b"n" * 16}),
    (schema.passkeys, {"staff_id": b"n" * 16}),
    (schema.recovery_codes, {"lookup": b"short"}),
    (schema.recovery_codes, {"staff_id": b"n" * 16}),
    (schema.browsers, {"lookup": b"short"}),
    (schema.chat_codes, {"lookup": b"short"}),
    (schema.chat_codes, {"staff_id": b"n" * 16}),
    (schema.browsers, {"staff_id": b"n" * 16}),
    (schema.invitations, {"lookup": b"short"}),
    (schema.invitations, {"staff_id": b"n" * 16}),
    (schema.attempts, {"lookup": b"short"}),
    (schema.attempts, {"failures": -1}),
]


def _differences(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, schema.metadata))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database in which nothing was made yet."""
    if request.param == "sqlite":
        return Database.open(f"sqlite:///{tmp_path}/new.sqlite3")
    url: str = request.getfixturevalue("empty_postgresql_url")
    return Database.open(url)


def test_an_empty_database_gets_every_table_and_exactly_those(empty: Database) -> None:
    assert migrations.current(empty.engine) is None
    assert migrations.upgrade(empty.engine)
    assert migrations.current(empty.engine) == migrations.head()
    assert _differences(empty.engine) == []
    assert not migrations.upgrade(empty.engine)
    empty.close()


def test_two_programs_may_begin_with_the_same_empty_database(empty: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: migrations.upgrade(empty.engine), range(4))) >= 1
    assert _differences(empty.engine) == []
    empty.close()


def test_tables_of_others_in_the_same_database_are_left_alone(empty: Database) -> None:
    with empty.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE of_somebody_else (x INTEGER)")
        connection.exec_driver_sql("INSERT INTO of_somebody_else VALUES (7)")
    migrations.upgrade(empty.engine)
    with empty.reading() as connection:
        assert connection.exec_driver_sql("SELECT x FROM of_somebody_else").scalar() == 7
    empty.close()


def test_the_head_is_the_newest_of_the_migrations() -> None:
    folder = str(Path(migrations.__file__).parent)
    assert ScriptDirectory(folder).get_current_head() == migrations.head()


@pytest.mark.parametrize("old", sorted(OLD_FILES.glob("*.sql")), ids=lambda path: path.stem)
def test_a_file_written_by_an_older_version_opens_with_all_that_was_in_it(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    sqlite3.connect(path).executescript(old.read_text()).connection.close()
    database = Database.open(f"sqlite:///{path}")
    migrations.upgrade(database.engine)
    assert migrations.current(database.engine) == migrations.head()
    assert _differences(database.engine) == []
    with database.reading() as connection:
        assert connection.execute(select(schema.cases.c.reference)).scalar() == "TD-2345"
        assert connection.execute(select(schema.answers.c.sealed)).scalar() == b"\x01sealed"
    database.close()


class _RollBack(Exception):
    pass


def _try(database: Database, table: Table, row: dict[str, Any]) -> None:
    """Insert a row beside a case, a colleague and a desk key that it may belong to, and take it all back."""
    with pytest.raises(_RollBack), database.transaction() as connection:  # noqa: PT012
        connection.execute(insert(schema.cases), {**CASE, "id": PARENT, "reference": "TD-PPPP"})
        for staff_id in (PARENT, OTHER):
            somebody = {**GOOD[schema.staff], "id": staff_id, "name_key": staff_id.hex()}
            connection.execute(insert(schema.staff), somebody)
        connection.execute(insert(schema.desk_keys), {**GOOD[schema.desk_keys], "generation": 1})
        connection.execute(insert(table), row)
        raise _RollBack


def test_what_must_not_be_stored_is_refused_by_the_database_itself(database: Database) -> None:
    assert GOOD.keys() == set(schema.metadata.sorted_tables)
    for table, row in GOOD.items():
        _try(database, table, row)
    for table, change in BAD:
        with pytest.raises(StoreRefused):
            _try(database, table, {**GOOD[table], **change})
