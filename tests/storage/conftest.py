"""What the tests of the store may ask for beside a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.database import Database
from storage.keys import KeyDirectory
from storage.setup import initialise
from storage.staff import Caseworker
from tests.conftest import MakeInstance
from tests.storage.building import Instance


@pytest.fixture
def instance(tmp_path: Path, database: Database, database_url: str, make_instance: MakeInstance) -> Instance:
    """An instance in which nobody works yet."""
    made = make_instance(tmp_path / "home", database_url)
    assert made.recovery_key_text is not None
    return Instance(database, KeyDirectory(tmp_path / "home" / "keys"), made.recovery_key_text)


@pytest.fixture
def mei(instance: Instance) -> Caseworker:
    """A supervisor, the first who works there."""
    return instance.added("Mei", "supervisor")


@pytest.fixture
def another_key_directory(tmp_path: Path) -> Path:
    """The key directory of an instance that has nothing to do with `instance`."""
    initialise(tmp_path / "elsewhere", f"sqlite:///{tmp_path}/elsewhere.sqlite3")
    return tmp_path / "elsewhere" / "keys"
