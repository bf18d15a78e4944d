"""Promise P5: what the store does for somebody tells nobody whether somebody wrote to us.

Time is what its statements take. So the statements themselves are compared, one by one and with the sizes
of their values; a measurement with a generous bound then looks for what statements do not show.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytest
from sqlalchemy import event

from flows.turn import turn
from flows.understanding.codes import case_code
from flows.vocabulary import Heard, Reply
from storage.database import Database
from storage.intake import Intake
from tests.storage.building import Instance
from tests.storage.talking import NOW, Person, intake_of

Statements = list[tuple[str, list[Any]]]
WRITES_TO_A_CASE = re.compile("INSERT INTO (answers|manifests|requests)|UPDATE cases")
NOBODYS_CODE = case_code("12345678901234")


@pytest.fixture
def intake(instance: Instance) -> Intake:
    return intake_of(instance)


def size_of(value: Any) -> Any:
    """What of a value takes time or room: bytes are told by their number, others by their kind."""
    if isinstance(value, dict):
        return {name: size_of(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [size_of(part) for part in value]
    if value is None or (isinstance(value, bytes | memoryview) and len(value) == 16):
        return "an id, or none"  # what a row leads to, if to anything: one column of one row
    return len(value) if isinstance(value, bytes | memoryview) else type(value).__name__


@contextmanager
def recorded(database: Database) -> Iterator[Statements]:
    """Write down every statement, with the sizes of its values."""
    statements: Statements = []

    def note(_: Any, __: Any, statement: str, values: Any, ___: Any, ____: Any) -> None:
        # The number of the lock that a person's messages queue on is theirs alone.
        statements.append((re.sub(r"lock\(-?\d+\)", "lock()", statement), size_of(values)))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def hears(intake: Intake, address: str, text: str, delivery: str = "1") -> Reply:
    """Have the real conversation answer one message."""
    heard = Heard("web", address, delivery, text=text)
    with intake.exchange(heard, NOW) as exchange:
        decided = turn(exchange.conversation, heard, NOW, exchange.outside)
        exchange.keep(decided)
    return decided.reply


def statements_of(instance: Instance, intake: Intake, address: str, *texts: str) -> tuple[Statements, Any]:
    """What the store did for these messages, and what was said."""
    with recorded(instance.database) as statements:
        replies = [hears(intake, address, text, str(n)) for n, text in enumerate(texts)]
    return statements, [(reply.says, reply.step) for reply in replies]


@pytest.fixture
def submitted(intake: Intake) -> Person:
    """Somebody whose case is in the queue, and whose chat is over."""
    return Person(intake).drafts().answers("story", "what happened", "add").submits()


def test_a_right_code_and_a_wrong_one_are_looked_up_alike(
    instance: Instance, intake: Intake, submitted: Person
) -> None:
    hears(intake, "first of the day", "hello")
    right = statements_of(instance, intake, "one phone", submitted.code)
    wrong = statements_of(instance, intake, "other phone", NOBODYS_CODE)
    assert right == wrong
    assert right[0]


def test_what_is_added_by_a_wrong_code_is_looked_up_and_sealed_alike_and_only_not_kept(
    instance: Instance, intake: Intake, submitted: Person
) -> None:
    hears(intake, "first of the day", "hello")
    more = (
        "there is one more thing that I should have told you",
        "我想同真人傾",
        "delete",
        "copy of my data",
    )
    kept, said = statements_of(instance, intake, "one phone", submitted.code, *more)
    dropped, said_too = statements_of(instance, intake, "other phone", NOBODYS_CODE, *more)
    assert said == said_too
    assert [statement for statement in kept if not WRITES_TO_A_CASE.match(statement[0])] == dropped
    assert len(kept) > len(dropped)


@pytest.mark.parametrize("text", ["", "hello", "我想講一件事", "x" * 3000])
def test_somebody_who_wrote_before_is_met_like_somebody_new(
    instance: Instance, intake: Intake, submitted: Person, text: str
) -> None:
    hears(intake, "first of the day", "hello")
    known = statements_of(instance, intake, submitted.address, text)
    unknown = statements_of(instance, intake, "never before", text)
    assert known == unknown


def test_right_and_wrong_codes_take_the_same_time(
    instance: Instance, intake: Intake, submitted: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.codes.TRIES_OF_ALL", 1_000)
    took: dict[str, list[float]] = {submitted.code: [], NOBODYS_CODE: []}
    for n in range(40):
        for code, times in took.items():
            began = time.perf_counter()
            hears(intake, f"{code} {n}", code)
            times.append(time.perf_counter() - began)
    right, wrong = (median(times) for times in took.values())
    assert 0.5 < right / wrong < 2
