"""Which folder may touch which cryptography, read out of the imports; and what the intake's own keys open."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from storage import schema, sealing
from storage.casefile import answer_context, case_key_context
from storage.errors import CannotOpen
from storage.sealing import PRIVATE_KEY_FUNCTIONS
from tests.rows import every_row
from tests.storage.building import NOW, BuiltCase, Instance

ROOT = Path(__file__).parents[2]
DESK_ALONE = {
    f"storage.{name}"
    for name in (
        "browsers",
        "casebook",
        "casehistory",
        "cases",
        "casetelling",
        "backup",
        "assigning",
        "casework",
        "correcting",
        "erasure",
        "factors",
        "finding",
        "guessing",
        "invitations",
        "letters",
        "linkwork",
        "opening",
        "queue",
        "recovery",
        "replies",
        "requests",
        "rotation",
        "sessions",
        "setup",
        "slots",
        "signing_in",
        "staff",
        "staffing",
        "telling",
    )
}
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


@every_row((file,) for file in OURS)
def test_only_sealing_imports_cryptography(file: Path) -> None:
    if file == ROOT / "storage" / "sealing.py":
        return
    assert not [use for use in uses(file) if use.split(".")[0] == "cryptography"]


@every_row((file,) for file in TALKING)
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


def test_no_key_of_the_intake_opens_a_case_or_an_answer(instance: Instance) -> None:
    instance.added("Mei", "supervisor")
    built = BuiltCase(instance).submit([("name", "x")])
    instance.keys.epoch_today(NOW)
    held = [bytes.fromhex(file.read_text()) for file in instance.keys.path.iterdir()]
    assert len(held) >= 6
    with instance.database.reading() as connection:
        sealed_key = connection.execute(select(schema.cases.c.sealed_key)).scalar_one()
        answer = connection.execute(select(schema.answers.c.sealed)).scalar_one()
    for key in held:
        with pytest.raises(CannotOpen):
            sealing.open_sealed(key, sealed_key, *case_key_context(built.id, 1))
        with pytest.raises(CannotOpen):
            sealing.open_sealed(key, answer, *answer_context(built.id, "name", 0))
