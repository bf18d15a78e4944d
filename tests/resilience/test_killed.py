"""Promise P8: what was acknowledged is never lost and never there twice, wherever the process is killed.

A longer run: `TADA_KILLS=1000 make test ARGS=tests/resilience`.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from storage.cases import list_cases, open_case
from storage.casetelling import Case
from storage.database import Database
from storage.keys import KeyDirectory
from storage.setup import initialise
from storage.signing_in import sign_in
from storage.staff import Caseworker
from storage.staffing import add_staff
from tests.resilience.victim import CHEAP, Place, heard, shown, take_and_die, talk

KILLS = int(os.environ.get("TADA_KILLS", "30"))
"""Kills at random moments, on each database; those at each point of a submission, some thirty, come on top."""
PASSWORD = "blue kettle under seven hills"

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["tests.resilience.victim", "sqlalchemy.dialects.postgresql.psycopg", "pytest"]
)

_BEFORE: list[dict[str, Any]] = [
    {"kind": "start"},
    *({"choice": choice} for choice in ("en", "16_or_above", "agree", "self", "yes", "she")),
    {"text": "Kit"},
    {"choice": "case_code"},
    *({"text": "skip"} for _ in range(4)),
]


def _script(address: str, pieces: int) -> list[dict[str, Any]]:
    """A whole form whose story and links come in many messages, each to be found again exactly once."""
    story = [{"text": f"piece {number} of {address}"} for number in range(pieces)]
    links = [{"text": f"https://example.com/{address}/{number}"} for number in range(pieces)]
    return [*_BEFORE, *story, {"choice": "done"}, *links, {"choice": "done"}, {"choice": "submit"}]


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    initialise(tmp_path / "home", database_url)
    return Place(tmp_path / "home", database_url)


def _start(what: Callable[..., None], *args: Any) -> tuple[ForkServerProcess, Any]:
    ours, theirs = _context.Pipe(duplex=False)
    process = _context.Process(target=what, args=(*args, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _cases(place: Place) -> list[Case]:
    database, keys = Database.open(place.database_url), KeyDirectory(place.home / "keys")
    add_staff(database, keys, "Reader", "supervisor", PASSWORD, None, CHEAP)
    reader: Caseworker = sign_in(database, "Reader", PASSWORD, CHEAP)
    opened = [
        open_case(database, keys, reader, summary.reference) for summary in list_cases(database, keys, reader)
    ]
    database.close()
    return opened


@pytest.mark.longest
def test_nothing_acknowledged_is_lost_or_doubled_by_kills_at_random_moments(place: Place) -> None:
    draw = random.Random(20261122)
    people = [f"person{number}" for number in range(4)]
    scripts = {address: _script(address, pieces=max(12, KILLS)) for address in people}
    acknowledged: dict[str, list[Any]] = {address: [] for address in people}
    kills = 0
    while kills < KILLS:
        begin = {address: len(acknowledged[address]) for address in people}
        if all(begin[address] == len(scripts[address]) for address in people):
            break
        # The last acknowledged message is delivered again too, as a provider does that heard nothing.
        again = {address: max(0, number - 1) for address, number in begin.items()}
        process, told = _start(talk, place, scripts, again)
        _listen(told, acknowledged, limit=draw.randint(1, 9))
        process.kill()
        _listen(told, acknowledged, limit=None)
        process.join()
        kills += 1
    assert kills == KILLS, "the scripts were too short for this many kills"
    process, told = _start(talk, place, scripts, {a: max(0, len(acknowledged[a]) - 1) for a in people})
    _listen(told, acknowledged, limit=None)
    process.join()

    cases = _cases(place)
    assert len(cases) == len(people)
    for address in people:
        assert len(acknowledged[address]) == len(scripts[address])
        (case,) = [case for case in cases if f"piece 0 of {address}\n" in case.fields["story"]]
        pieces = [said["text"] for said in scripts[address] if said.get("text", "").startswith("piece")]
        assert case.fields["story"].split("\n") == pieces
        urls = [said["text"] for said in scripts[address] if said.get("text", "").startswith("https")]
        assert [link.url for link in case.links] == urls


def _listen(told: Any, acknowledged: dict[str, list[Any]], limit: int | None) -> None:
    """Note what is acknowledged; what comes a second time must be what came the first."""
    heard_now = 0
    while limit is None or heard_now < limit:
        try:
            message = told.recv()
        except (EOFError, OSError):
            return
        if message is None:
            return
        address, number, answer = message
        if number < len(acknowledged[address]):
            assert answer == acknowledged[address][number], "the same message got another reply"
        else:
            assert number == len(acknowledged[address])
            acknowledged[address].append(answer)
            heard_now += 1


@pytest.mark.longest
def test_a_submission_killed_at_any_point_happens_once_and_whole(place: Place) -> None:
    reception = place.reception()
    survived_at = None
    submitted = 0
    for at in range(1, 200):
        address = f"person{at}"
        script = _script(address, pieces=2)
        for number, said in enumerate(script[:-1]):
            answer = reception.receive(heard(address, number, said))
        assert answer.step == "review"
        last = heard(address, len(script) - 1, script[-1])
        process, told = _start(take_and_die, place, last, at)
        process.join()
        first = shown(reception.receive(last))
        second = shown(reception.receive(last))
        assert first == second
        assert first[0] == "submitted"
        submitted += 1
        if process.exitcode == 0:
            survived_at = at
            assert told.recv() == first
            break
    assert survived_at is not None and survived_at > 15, "every point of the submission was tried"
    cases = _cases(place)
    assert len(cases) == submitted
    assert len({case.fields["story"] for case in cases}) == submitted
    assert all(len(case.links) == 2 for case in cases)
