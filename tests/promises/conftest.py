"""The whole product on each database, as a page sees it over HTTP and as a caseworker opens it."""

from __future__ import annotations

import io
import itertools
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

import logs
from storage.cases import list_cases, open_case
from storage.casetelling import Case
from storage.database import Database
from storage.keys import KeyDirectory
from storage.sealing import PasswordParameters
from storage.signing_in import sign_in
from storage.staffing import add_staff
from tests.conftest import MakeInstance
from webhook import create_app

CHEAP = PasswordParameters(memory=64, passes=1, lanes=1)
PASSWORD = "blue kettle under seven hills"
_numbers = itertools.count(1)

TO_THE_STORY: tuple[dict[str, Any], ...] = (
    {"choice": "en"},
    {"choice": "16_or_above"},
    {"choice": "agree"},
    {"choice": "self"},
    {"choice": "yes"},
    {"choice": "she"},
    {"text": "Kit"},
    {"choice": "case_code"},
    {"choices": ["evening"]},
    {"choice": "unidentified"},
    {"choices": ["shared_without_knowledge"]},
    {"choices": ["intimate_parts"]},
)


@dataclass
class Visitor:
    """Somebody on the web chat."""

    client: FlaskClient
    token: str = ""
    last: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> Visitor:
        answer = self.client.post("/chat/sessions")
        assert answer.status_code == 201
        self.last = answer.json or {}
        self.token = self.last["token"]
        return self

    def post(self, body: Any) -> Any:
        return self.client.post(
            "/chat/messages",
            data=json.dumps(body),  # escapes what no encoding takes, such as half a surrogate pair
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def send(self, said: dict[str, Any], delivery: str | None = None) -> dict[str, Any]:
        answer = self.post({"id": delivery or f"m{next(_numbers)}", **said})
        assert answer.status_code == 200, answer.json
        self.last = answer.json
        return self.last

    def send_all(self, *said: dict[str, Any]) -> dict[str, Any]:
        for each in said:
            self.send(each)
        return self.last

    def texts(self) -> str:
        return "\n".join(message["text"] for message in self.last["messages"])


@dataclass
class Service:
    """A running instance, of which the chat is served unless `environ` says more, and everything it keeps."""

    home: Path
    database_url: str
    environ: dict[str, str]
    log: io.StringIO
    files: Callable[[], Iterator[Path]]

    def __post_init__(self) -> None:
        self.environ = {"TADA_SURFACE": "intake", **self.environ}
        self.app = create_app(self.environ)

    @property
    def database(self) -> Database:
        return Database.open(self.database_url)

    @property
    def keys(self) -> KeyDirectory:
        return KeyDirectory(self.home / "keys")

    def visitor(self) -> Visitor:
        return Visitor(self.app.test_client())

    def cases(self) -> list[Case]:
        """Every case in the queue, opened by a caseworker."""
        database, keys = self.database, self.keys
        if keys.bootstrap is not None:
            add_staff(database, keys, "Reader", "supervisor", PASSWORD, None, CHEAP)
        reader = sign_in(database, "Reader", PASSWORD, CHEAP)
        opened = [
            open_case(database, keys, reader, line.reference) for line in list_cases(database, keys, reader)
        ]
        database.close()
        return opened

    def everything_kept(self) -> bytes:
        """All bytes in database files, key directory and log."""
        paths = [*self.files(), *(path for path in self.home.rglob("*") if path.is_file())]
        return b"".join(path.read_bytes() for path in paths) + self.log.getvalue().encode()


@pytest.fixture
def service(
    tmp_path: Path, database_url: str, make_instance: MakeInstance, request: pytest.FixtureRequest
) -> Iterator[Service]:
    home = tmp_path / "home"
    make_instance(home, database_url)
    environ = {"TADA_HOME": str(home), "TADA_DATABASE_URL": database_url, "TADA_RATE_LIMITS": "off"}
    with logged() as log:
        yield Service(home, database_url, environ, log, _files_of(database_url, tmp_path, request))


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, in the lines that an operator finds."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(logs.Lines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield log
    root.setLevel(before)
    root.removeHandler(handler)


def _files_of(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], Iterator[Path]]:
    if database_url.startswith("sqlite"):
        return lambda: tmp_path.glob("*.sqlite3*")
    data: Path | None = request.getfixturevalue("postgresql_data")
    if data is None:
        pytest.fail("the files of the server in TADA_TEST_POSTGRES cannot be searched here", pytrace=False)

    def relations() -> Iterator[Path]:
        database = Database.open(database_url)
        with database.reading() as connection:
            number = connection.execute(
                text("SELECT oid FROM pg_database WHERE datname = current_database()")
            ).scalar_one()
        with database.alone(1) as connection:
            connection.exec_driver_sql("CHECKPOINT")
        database.close()
        yield from (data / "base" / str(number)).iterdir()
        yield from (path for path in (data / "pg_wal").iterdir() if path.is_file())

    return relations
