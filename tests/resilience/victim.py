"""A process of the product in small: it takes messages, says what it acknowledged, and may be killed.

It is started from a fork server that has imported everything, so that a hundred of them take seconds.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from bot.receive import Answer, Reception
from flows.understanding.links import read_links
from flows.vocabulary import Heard
from locales import Words
from storage.database import Database
from storage.intake import Intake
from storage.keys import KeyDirectory
from storage.sealing import PasswordParameters

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CHEAP = PasswordParameters(memory=64, passes=1, lanes=1)
read_links("https://example.com")  # the list of suffixes is read here, and not once more in each process


@dataclass(frozen=True)
class Place:
    """Where the product keeps its things."""

    home: Path
    database_url: str

    def reception(self) -> Reception:
        intake = Intake(
            Database.open(self.database_url),
            KeyDirectory(self.home / "keys"),
            self.home / "erased",
            code_parameters=CHEAP,
        )
        return Reception(intake, Words.load(), clock=lambda: NOW)


def heard(address: str, number: int, said: dict[str, Any]) -> Heard:
    """The message with this number of a script; sent again it is the same delivery."""
    return Heard("web", address, f"{address}-{number:04d}", **said)


def shown(answer: Answer) -> tuple[Any, ...]:
    """What of an answer must be the same when the same message is delivered again."""
    return (
        answer.step,
        answer.language,
        [(message.id, message.text, message.choices) for message in answer.messages],
    )


def talk(
    place: Place, scripts: dict[str, list[dict[str, Any]]], begin: dict[str, int], out: Connection
) -> None:
    """Send each person's script from where it stands, all at once, and tell what was acknowledged."""
    reception = place.reception()
    telling = threading.Lock()

    def speak(address: str) -> None:
        for number in range(begin[address], len(scripts[address])):
            answer = reception.receive(heard(address, number, scripts[address][number]))
            with telling:
                out.send((address, number, shown(answer)))

    people = [threading.Thread(target=speak, args=(address,)) for address in scripts]
    for person in people:
        person.start()
    for person in people:
        person.join()
    out.send(None)


def take_and_die(place: Place, message: Heard, at: int, out: Connection) -> None:
    """Take one message, and be killed at the given one of the points where the database is spoken to."""
    passed = 0

    def point(*_: Any) -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            os.kill(os.getpid(), signal.SIGKILL)

    reception = place.reception()
    for name in ("begin", "before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, point)
    answer = reception.receive(message)
    point()  # committed, and nobody was told
    out.send(shown(answer))
