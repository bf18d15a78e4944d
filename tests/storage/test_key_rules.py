"""Which folder may touch which cryptography, read out of the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import sealing
from storage.sealing import PRIVATE_KEY_FUNCTIONS

ROOT = Path(__file__).parents[2]
DESK_ALONE = {"storage.staff", "storage.cases", "storage.slots", "storage.recovery", "storage.setup"}
"""What colleagues sign in and open cases with."""

OF_THE_DESK = {ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in DESK_ALONE}
TALKING = [
    file
    for folder in ("bot", "flows", "locales", "storage")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if file not in OF_THE_DESK and "migrations" not in file.parts
]
"""Every module that may run in the process that talks to people."""
OURS = [
    file
    for folder in ("bot", "desk", "flows", "locales", "storage", "tada")
    for file in sorted((ROOT / folder).rglob("*.py"))
]


def uses(file: Path) -> Iterator[str]:
    """Name what a module imports, and what it takes out of modules by a dot."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{name.name}" for name in names)
            case ast.Attribute(attr=attribute):
                yield f".{attribute}"


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", OURS, ids=named)
def test_only_sealing_imports_cryptography(file: Path) -> None:
    if file == ROOT / "storage" / "sealing.py":
        return
    assert not [use for use in uses(file) if use.split(".")[0] == "cryptography"]


@pytest.mark.parametrize("file", TALKING, ids=named)
def test_the_part_that_talks_never_imports_what_opens_an_answer(file: Path) -> None:
    if file == ROOT / "storage" / "sealing.py":
        return
    found = set(uses(file))
    opening = {name for name in PRIVATE_KEY_FUNCTIONS if found & {f"storage.sealing.{name}", f".{name}"}}
    assert opening == set()
    assert found & DESK_ALONE == set()


def test_the_list_of_what_opens_is_complete() -> None:
    """Everything in the module that takes a private key and gives a plaintext, or gives a key that does."""
    assert sorted(PRIVATE_KEY_FUNCTIONS) == ["open_sealed", "password_keys"]
    assert all(callable(getattr(sealing, name)) for name in PRIVATE_KEY_FUNCTIONS)
    assert len(TALKING) > 10
