"""An instance with one colleague and one submitted case, copied for each test, and `tada` to call."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from locales.build import build
from storage.staffing import add_staff
from tada.instance import Instance
from tests.storage.building import CHEAP
from tests.tada.calling import PASSWORD, Tada, run, submit_case


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that `tada init` made, with the supervisor Mei and one case in the queue."""
    assert build() == []
    home = tmp_path_factory.mktemp("prepared") / "home"
    assert run(home, "init").exit_code == 0
    instance = Instance({"TADA_HOME": str(home)})
    add_staff(instance.database, instance.keys, "Mei", "supervisor", PASSWORD, None, CHEAP)
    submit_case(instance.reception)
    instance.database.close()
    return home


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the prepared home."""
    copied = tmp_path / "home"
    shutil.copytree(prepared, copied)
    return copied


@pytest.fixture
def tada(home: Path) -> Tada:
    """Call `tada` on the copied home: `tada("case", "list", env={...}, typed="…")`."""
    return lambda *arguments, **rest: run(home, *arguments, **rest)
